using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Federation.WebLogins;

/// <summary>
/// The page that carries the token to the dashboard: a form that sends itself, in the body of a POST, never in an address.
/// Source: keystone/api/auth.py, _render_template_response.
/// </summary>
internal static class DashboardPage
{
    private const string Script = "document.forms.sso.submit();";

    private static readonly DashboardTemplate Own = new(
        $"""
        <!DOCTYPE html>
        <html lang="en">
          <head><meta charset="utf-8"><title>Logging in</title></head>
          <body>
            <form id="sso" name="sso" action="$host" method="post">
              <input type="hidden" name="token" id="token" value="$token">
              <noscript><p>You are logged in.</p><button>Go on to the dashboard</button></noscript>
            </form>
            <script>{Script}</script>
          </body>
        </html>

        """);

    // Nothing but the one script runs, and nobody frames the page.
    private static readonly string OwnPolicy =
        $"default-src 'none'; script-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Script)))}'; base-uri 'none'; "
        + "frame-ancestors 'none'";

    /// <param name="template">The site's own page, which may run scripts of its own; null: the one above.</param>
    public static ApiResult Answer(DashboardTemplate? template, string host, string token) => ApiResult.Custom(async (http, ct) =>
    {
        var headers = http.Response.Headers;
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = "text/html; charset=utf-8";
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = template is null ? OwnPolicy : "frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        await http.Response.WriteAsync((template ?? Own).Fill(host, token), ct);
    });
}
