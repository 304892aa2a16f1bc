using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Appliance.Controller.Tests.Identity;

/// <summary>
/// Bytes that a token validation allocates in the whole process over a real connection, beside an endpoint of the same web server that only
/// sends as much. Not part of the tests: <c>scripts/bench identity</c> runs it, optimized.
/// </summary>
public class ValidationBenchmark
{
    private const int Requests = 20_000;

    [Fact(Explicit = true)]
    public async Task Bytes_allocated_by_a_validation()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await cloud.AdminTokenAsync();
        var answer = Encoding.UTF8.GetBytes((await cloud.SendAsync(HttpMethod.Get, "/identity/v3/auth/tokens", headers: ("X-Subject-Token", token))).ShouldBe(200).Text);
        await using var bare = await StartBareAsync(token, answer);

        var validation = Measure(cloud.BaseUrl, "/identity/v3/auth/tokens", token);
        var least = Measure(bare.Urls.First(), "/bare", token);
        TestContext.Current.TestOutputHelper!.WriteLine($"bytes allocated by a token validation\t{validation}\tB");
        TestContext.Current.TestOutputHelper.WriteLine($"bytes allocated by a bare endpoint with as many headers and bytes\t{least}\tB");
    }

    private static async Task<WebApplication> StartBareAsync(string token, byte[] answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var app = builder.Build();
        app.UseRouting();
        ((Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)app).MapGet("/bare", async http =>
        {
            http.Response.Headers["X-Openstack-Request-Id"] = $"req-{Guid.NewGuid()}";
            http.Response.Headers["X-Subject-Token"] = token;
            http.Response.Headers.Vary = "X-Auth-Token";
            http.Response.ContentType = "application/json";
            answer.CopyTo(http.Response.BodyWriter.GetSpan(answer.Length));
            http.Response.BodyWriter.Advance(answer.Length);
            await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        });
        app.UseEndpoints(static _ => { });
        await app.StartAsync();
        return app;
    }

    // The client allocates nothing: what is counted is the server's.
    private static long Measure(string baseUrl, string path, string token)
    {
        var server = new Uri(baseUrl);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Parse(server.Host), server.Port);
        var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\nX-Auth-Token: {token}\r\nX-Subject-Token: {token}\r\n\r\n");
        var buffer = new byte[64 * 1024];
        Ask(socket, request, buffer, 5_000);
        GC.Collect();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Ask(socket, request, buffer, Requests);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;
    }

    private static void Ask(Socket socket, byte[] request, byte[] buffer, int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            socket.Send(request);
            var length = 0;
            do
            {
                var received = socket.Receive(buffer.AsSpan(length));
                if (received == 0)
                    throw new InvalidOperationException("the server hung up");
                length += received;
            }
            while (!buffer.AsSpan(0, length).EndsWith("0\r\n\r\n"u8));      // the last chunk
            if (!buffer.AsSpan().StartsWith("HTTP/1.1 200"u8))
                throw new InvalidOperationException(Encoding.ASCII.GetString(buffer, 0, length));
        }
    }
}
