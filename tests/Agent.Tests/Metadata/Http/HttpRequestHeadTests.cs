using System.Text;
using Appliance.Agent.Metadata.Http;
using CsCheck;

namespace Appliance.Agent.Tests.Metadata.Http;

public sealed class HttpRequestHeadTests
{
    [Fact]
    public void An_ordinary_request_is_read()
    {
        var request = Parse("POST /openstack/latest/pass%77ord?x=1 HTTP/1.1\r\nHost: 169.254.169.254\r\nAccept: */*\r\nContent-Length: 12\r\n\r\n")!;
        Assert.Equal(("POST", "/openstack/latest/password", 12, true, "*/*"),
            (request.Method, request.Path, request.ContentLength, request.KeepAlive, request.Accept));
    }

    [Theory]
    [InlineData("GET / HTTP/1.0\r\n\r\n", false)]
    [InlineData("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true)]
    [InlineData("GET / HTTP/1.1\r\nconnection: Close\r\n\r\n", false)]
    [InlineData("GET http://169.254.169.254/ HTTP/1.1\r\n\r\n", true)]
    [InlineData("GET http://169.254.169.254 HTTP/1.1\r\n\r\n", true)]
    public void Connections_stay_open_when_both_want_it(string head, bool expected)
    {
        Assert.Equal(expected, Parse(head)!.KeepAlive);
        Assert.Equal("/", Parse(head)!.Path);
    }

    [Theory]
    [InlineData("GET /\r\n\r\n")]
    [InlineData("GET / HTTP/2.0\r\n\r\n")]
    [InlineData("GET  / HTTP/1.1\r\n\r\n")]
    [InlineData("GET x HTTP/1.1\r\n\r\n")]
    [InlineData("G(T / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nno colon\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nA : b\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\r\n\r\n")]
    public void Anything_else_is_refused(string head) => Assert.Null(Parse(head));

    [Fact]
    public void No_bytes_break_it()
    {
        byte[] valid = Encoding.Latin1.GetBytes("POST /a%20b HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nConnection: close\r\n\r\n");
        Gen.Select(Gen.Byte.Array[0, 8], Gen.Int[0, valid.Length - 1], Gen.Int[0, valid.Length]).Sample((noise, at, cut) =>
        {
            byte[] head = [.. valid[..at], .. noise, .. valid[at..]];
            HttpRequestHead.TryParse(head.AsSpan(0, cut));
        });
        Gen.Byte.Array[0, 200].Sample(bytes => HttpRequestHead.TryParse(bytes));
    }

    private static HttpRequestHead? Parse(string head) => HttpRequestHead.TryParse(Encoding.Latin1.GetBytes(head));
}
