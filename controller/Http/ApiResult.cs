using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Appliance.Controller.Http;

/// <summary>What a handler answers.</summary>
internal abstract class ApiResult
{
    public abstract Task WriteAsync(ApiRequest request, CancellationToken ct);

    public static ApiResult Status(int status) => new StatusResult(status);
    public static ApiResult NoContent { get; } = new StatusResult(StatusCodes.Status204NoContent);
    public static ApiResult Accepted { get; } = new StatusResult(StatusCodes.Status202Accepted);

    /// <summary>A JSON body, written straight to the response.</summary>
    public static ApiResult Json(int status, Action<Utf8JsonWriter> write) => new JsonResult(status, write);
    public static ApiResult Ok(Action<Utf8JsonWriter> write) => new JsonResult(StatusCodes.Status200OK, write);

    /// <summary>A JSON body that awaits while it writes (lists from the database); flushed as it grows.</summary>
    public static ApiResult Stream(int status, Func<Utf8JsonWriter, CancellationToken, Task> write) => new JsonStreamResult(status, write);

    /// <summary>Anything else: the delegate sets status, headers and body.</summary>
    public static ApiResult Custom(Func<HttpContext, CancellationToken, Task> write) => new CustomResult(write);
    public static ApiResult Redirect(int status, string location) => new CustomResult((http, _) =>
    {
        http.Response.StatusCode = status;
        http.Response.Headers.Location = location;
        return Task.CompletedTask;
    });

    public static implicit operator ApiResult(Fault fault) => new FaultResult(fault);

    /// <summary>Adds a response header.</summary>
    public ApiResult With(string header, string value) => new CustomizedResult(this, header, value);

    private sealed class StatusResult(int status) : ApiResult
    {
        public override Task WriteAsync(ApiRequest request, CancellationToken ct)
        {
            request.Http.Response.StatusCode = status;
            return Task.CompletedTask;
        }
    }

    private sealed class JsonResult(int status, Action<Utf8JsonWriter> write) : ApiResult
    {
        public override async Task WriteAsync(ApiRequest request, CancellationToken ct)
        {
            var response = request.Http.Response;
            response.StatusCode = status;
            JsonBody.Prepare(response);
            var writer = JsonBody.Rent(response.BodyWriter);
            write(writer);
            writer.Flush();
            JsonBody.Return(writer);
            await response.BodyWriter.FlushAsync(ct);
        }
    }

    private sealed class JsonStreamResult(int status, Func<Utf8JsonWriter, CancellationToken, Task> write) : ApiResult
    {
        public override async Task WriteAsync(ApiRequest request, CancellationToken ct)
        {
            var response = request.Http.Response;
            response.StatusCode = status;
            JsonBody.Prepare(response);
            await using var writer = new Utf8JsonWriter(response.BodyWriter, JsonBody.Options);
            await write(writer, ct);
            await writer.FlushAsync(ct);
            await response.BodyWriter.FlushAsync(ct);
        }
    }

    private sealed class CustomResult(Func<HttpContext, CancellationToken, Task> write) : ApiResult
    {
        public override Task WriteAsync(ApiRequest request, CancellationToken ct) => write(request.Http, ct);
    }

    private sealed class FaultResult(Fault fault) : ApiResult
    {
        public override Task WriteAsync(ApiRequest request, CancellationToken ct) => request.Service.WriteFaultAsync(request.Http, fault, ct);
    }

    private sealed class CustomizedResult(ApiResult inner, string header, string value) : ApiResult
    {
        public override Task WriteAsync(ApiRequest request, CancellationToken ct)
        {
            request.Http.Response.Headers[header] = value;
            return inner.WriteAsync(request, ct);
        }
    }
}

/// <summary>How JSON bodies are written: compact, with only what JSON itself demands escaped, as the real services do.</summary>
internal static class JsonBody
{
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static Utf8JsonWriter? _idle;

    public static void Prepare(HttpResponse response)
    {
        if (!response.Headers.ContainsKey(HeaderNames.ContentType))
            response.ContentType = "application/json";
    }

    /// <summary>A writer for synchronous use on this thread.</summary>
    public static Utf8JsonWriter Rent(System.Buffers.IBufferWriter<byte> output)
    {
        if (_idle is not { } writer)
            return new Utf8JsonWriter(output, Options);

        _idle = null;
        writer.Reset(output);
        return writer;
    }

    public static void Return(Utf8JsonWriter writer) => _idle = writer;
}
