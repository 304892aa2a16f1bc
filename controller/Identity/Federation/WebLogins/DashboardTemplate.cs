using System.Text;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;

namespace Appliance.Controller.Identity.Federation.WebLogins;

/// <summary>
/// A page with <c>$host</c> and <c>$token</c> in it, as Python's <c>string.Template</c> writes placeholders. Values are put in with HTML's own
/// characters escaped.
/// </summary>
internal sealed partial class DashboardTemplate(string text)
{
    /// <exception cref="FormatException">The file cannot be read, or holds a placeholder that there is not.</exception>
    public static DashboardTemplate Load(string path)
    {
        try
        {
            var template = new DashboardTemplate(File.ReadAllText(path, Encoding.UTF8));
            template.Fill("", "");
            return template;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new FormatException($"sso_callback_template: {path}: {e.Message}", e);
        }
    }

    /// <exception cref="FormatException">A placeholder that there is not.</exception>
    public string Fill(string host, string token) => Placeholder().Replace(text, match => match.Groups[1].Value switch
    {
        "$" => "$",
        "host" or "{host}" => HtmlEncoder.Default.Encode(host),
        "token" or "{token}" => HtmlEncoder.Default.Encode(token),
        var unknown => throw new FormatException($"there is no placeholder ${unknown}"),
    });

    [GeneratedRegex(@"\$(\$|\{\w*\}|\w*)")]
    private static partial Regex Placeholder();
}
