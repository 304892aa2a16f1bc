using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;
using Appliance.Controller.Identity.Directories.Ldap;
using CsCheck;

namespace Appliance.Controller.Tests.Identity.Directories;

/// <summary>What stands where a directory should may be anything.</summary>
public class LdapConnectionTests
{
    [Theory]
    [InlineData("485454502F312E3120343030")]                            // HTTP/1.1 400
    [InlineData("3084FFFFFFFF")]                                        // four gigabytes follow
    [InlineData("3080")]                                                // of indefinite length
    [InlineData("300C02010061070A010004000400FF")]                      // more than there is room for
    [InlineData("300C02010161070A010004000400")]                        // good, for the test below; here cut off before the end
    [InlineData("3024020100781F0A013404000400" + "8A16312E332E362E312E342E312E313436362E3230303336")] // notice of disconnection
    [InlineData("300C02017F61070A010004000400")]                        // an answer to another question
    [InlineData("300C02010165070A010004000400")]                        // to a question of another kind
    [InlineData("300502010161FF")]
    [InlineData("")]
    public async Task A_server_that_talks_nonsense_is_an_error_of_the_directory(string hex)
    {
        var answer = Convert.FromHexString(hex);
        if (hex == "300C02010161070A010004000400")
            answer = answer[..^1];
        using var connection = await ConnectToAsync(answer);
        await Assert.ThrowsAsync<LdapException>(() => connection.BindAsync("cn=a", "password", TestContext.Current.CancellationToken));
        Assert.True(connection.IsBroken);
    }

    [Fact]
    public async Task A_bind_that_is_answered_leaves_the_connection_good()
    {
        using var connection = await ConnectToAsync(Convert.FromHexString("300C02010161070A010004000400"));
        Assert.Equal(LdapResultCode.Success, (await connection.BindAsync("cn=a", "password", TestContext.Current.CancellationToken)).Code);
        Assert.False(connection.IsBroken);
        await Assert.ThrowsAsync<ArgumentException>(() => connection.BindAsync("cn=a", "", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Bytes_that_are_no_message_are_refused_as_such() => Gen.Byte.Array[0, 80].Sample(static bytes =>
    {
        // Half of them begin as messages do.
        if (bytes.Length > 5 && bytes[0] < 128)
            (bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]) = (0x30, (byte)(bytes.Length - 2), 0x02, 0x01, 0x01, 0x64);
        try
        {
            var message = LdapCodec.Read(bytes);
            if (message.Operation == LdapCodec.SearchEntry)
                LdapCodec.ReadEntry(message.Content);
            else
                LdapCodec.ReadResult(message.Content);
        }
        catch (AsnContentException)
        {
            // The one way to say so.
        }
    });

    private static async Task<LdapConnection> ConnectToAsync(byte[] answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connecting = LdapConnection.ConnectAsync(
            new LdapEndpoint("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, IsTls: false), new LdapTls(false, true, null),
            TestContext.Current.CancellationToken);
        var server = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await server.GetStream().WriteAsync(answer, TestContext.Current.CancellationToken);
        server.Client.Shutdown(SocketShutdown.Send);
        return await connecting;
    }
}
