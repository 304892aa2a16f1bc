using System.Net;
using System.Text;
using Appliance.Agent.Metadata.Documents;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Metadata.Http;

/// <summary>From a request to its answer. Behaviour: nova/api/metadata/handler.py and password.py, where any method reads a document.</summary>
internal sealed class MetadataAnswers(PasswordStore passwords)
{
    /// <param name="server">Null: nobody knows who asks.</param>
    public HttpReply Answer(MetadataServer? server, IPAddress requester, HttpRequestHead request, ReadOnlySpan<byte> body)
    {
        if (server is null)
            return HttpReply.NotFound(request.Accept);

        var target = MetadataPath.Parse(request.Path);
        if (target.IsPassword)
            return AnswerPassword(server.Server, request, body);
        return target.Find(server, requester.ToString()) is { } content ? HttpReply.Ok(content) : HttpReply.NotFound(request.Accept);
    }

    private HttpReply AnswerPassword(ServerDocument server, HttpRequestHead request, ReadOnlySpan<byte> body)
    {
        var (epoch, present) = (server.Metadata.PasswordEpoch, passwords.Find(server.Id));
        if (present?.Epoch < epoch)
            present = null;
        switch (request.Method)
        {
            case "GET" or "HEAD":
                return HttpReply.Ok(present is null ? [] : Encoding.UTF8.GetBytes(present.Text));
            case "POST" when present is not null:
                return HttpReply.Conflict(request.Accept);
            case "POST" when body.Length > PasswordStore.MaxLength:
                return HttpReply.BadRequest("Request is too large.", request.Accept);
            case "POST":
                return passwords.TrySet(server.Id, epoch, body) ? HttpReply.Ok([]) : HttpReply.Conflict(request.Accept);
            default:
                return HttpReply.BadRequest("GET and POST only are supported.", request.Accept);
        }
    }
}
