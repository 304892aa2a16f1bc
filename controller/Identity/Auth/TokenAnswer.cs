using Appliance.Controller.Http;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary>
/// Answers with the document of a token. It holds nothing of a request, so that one answer can be kept for everybody who asks about the token.
/// Source: keystone/api/auth.py.
/// </summary>
internal sealed class TokenAnswer(int status, ValidToken valid, ServiceCatalog catalog, PublicAddress address) : ApiResult
{
    public override async Task WriteAsync(ApiRequest request, CancellationToken ct)
    {
        var (asked, response) = (request.Http.Request, request.Http.Response);
        response.StatusCode = status;
        response.Headers[AuthRoutes.SubjectToken] = valid.Text;
        response.Headers.Vary = "X-Auth-Token";
        JsonBody.Prepare(response);
        var hidesCatalog = asked.QueryString.HasValue && asked.Query.ContainsKey("nocatalog");
        var writer = JsonBody.Rent(response.BodyWriter);
        TokenDocument.Write(writer, valid, catalog, address.Of(asked), !hidesCatalog);
        writer.Flush();
        JsonBody.Return(writer);
        await response.BodyWriter.FlushAsync(ct);
    }
}
