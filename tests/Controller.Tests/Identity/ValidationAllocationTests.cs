using System.IO.Pipelines;
using Appliance.Controller.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace Appliance.Controller.Tests.Identity;

/// <summary>Every service asks Identity about the token of every request: that question must leave nothing behind for the collector.</summary>
public class ValidationAllocationTests
{
    private const int Requests = 2_000;

    // The runtime compiles what is called often once more, in the background and when it comes to it: what is not yet may make objects of values.
    private const int MaxRounds = 50;

    [Fact]
    public async Task Validating_a_token_again_allocates_nothing_but_its_request_id()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await cloud.AdminTokenAsync();
        var operation = ApiEndpoints.Collect(cloud.Host.Services.All).Single(static operation =>
            operation is { Method: "GET", Pattern: "/identity/v3/auth/tokens" });
        var gate = new ApiGate(cloud.Host.Services.Tokens, cloud.Host.Platform.Policy, NullLogger<ApiGate>.Instance);
        ApiOperation[] operations = [operation];
        var connection = new Connection(token);

        var bare = connection.Measure(http => AnswerBarelyAsync(http, token));
        var bareLength = connection.AnsweredBytes;
        long validation;
        var rounds = 0;
        do
            validation = connection.Measure(http => gate.RunAsync(http, operation.Service, operations));
        while (validation > bare && ++rounds < MaxRounds);

        Assert.True(connection.AnsweredBytes > bareLength, "the token's document was not written");
        TestContext.Current.TestOutputHelper?.WriteLine($"bytes a validation: {validation}, a bare endpoint with a request id: {bare}");
        Assert.True(validation <= bare, $"{validation} bytes a validation, {bare} a bare endpoint");
    }

    // The least an endpoint does here: a request id, the headers, a body.
    private static Task AnswerBarelyAsync(HttpContext http, string token)
    {
        http.Response.Headers[ApiGate.RequestIdHeader] = $"req-{Guid.NewGuid()}";
        http.Response.Headers["X-Subject-Token"] = token;
        http.Response.Headers.Vary = "X-Auth-Token";
        http.Response.ContentType = "application/json";
        http.Response.BodyWriter.Advance(1);
        var flushing = http.Response.BodyWriter.FlushAsync();
        return flushing.IsCompletedSuccessfully ? Task.CompletedTask : throw new InvalidOperationException("not flushed at once");
    }

    /// <summary>Requests one after another on this thread, as on a connection that is kept: what was made for the first serves the others.</summary>
    private sealed class Connection
    {
        private readonly DefaultHttpContext _http = new();
        private readonly Sink _sink = new();

        public Connection(string token)
        {
            _http.Features.Set<IHttpResponseBodyFeature>(new SinkFeature(_sink));
            _http.Request.Method = "GET";
            _http.Request.Scheme = "http";
            _http.Request.Host = new HostString("127.0.0.1:8080");
            _http.Request.Path = "/identity/v3/auth/tokens";
            _http.Request.Headers["X-Auth-Token"] = token;
            _http.Request.Headers["X-Subject-Token"] = token;
        }

        /// <summary>Length of the last answer.</summary>
        public long AnsweredBytes => _sink.Written;

        /// <summary>Bytes that one request allocates, once warm.</summary>
        public long Measure(RequestDelegate endpoint)
        {
            Run(endpoint, 200);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Run(endpoint, Requests);
            return (GC.GetAllocatedBytesForCurrentThread() - before) / Requests;
        }

        private void Run(RequestDelegate endpoint, int requests)
        {
            for (var i = 0; i < requests; i++)
            {
                _http.Response.Headers.Clear();
                _sink.Written = 0;
                if (!endpoint(_http).IsCompletedSuccessfully || _http.Response.StatusCode != 200)
                    throw new InvalidOperationException($"status {_http.Response.StatusCode}, or not answered on the spot");
            }
        }
    }

    /// <summary>Takes any answer and keeps its length.</summary>
    private sealed class Sink : PipeWriter
    {
        private readonly byte[] _buffer = new byte[64 * 1024];

        public long Written { get; set; }

        public override void Advance(int bytes) => Written += bytes;
        public override Memory<byte> GetMemory(int sizeHint = 0) => _buffer;
        public override Span<byte> GetSpan(int sizeHint = 0) => _buffer;
        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => default;
        public override void CancelPendingFlush() => throw new NotSupportedException();
        public override void Complete(Exception? exception = null) => throw new NotSupportedException();
    }

    private sealed class SinkFeature(Sink sink) : IHttpResponseBodyFeature
    {
        public Stream Stream => Stream.Null;
        public PipeWriter Writer => sink;
        public Task CompleteAsync() => Task.CompletedTask;
        public void DisableBuffering() => throw new NotSupportedException();
        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();
        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
