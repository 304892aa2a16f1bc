using System.Text;
using System.Xml;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>
/// Writes elements so that their text is their own canonical form: what is signed is what is sent, and nothing needs to be parsed again. The
/// caller declares a prefix on the element that first uses it and gives attributes in order of namespace and name.
/// Source: Exclusive XML Canonicalization 1.0; Canonical XML 1.0, 2.3.
/// </summary>
internal static class CanonicalXml
{
    public const string Declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

    /// <summary>Whether XML can carry the text at all. XML 1.0, 2.2.</summary>
    public static bool CanCarry(string text)
    {
        try
        {
            XmlConvert.VerifyXmlChars(text);
            return true;
        }
        catch (XmlException)
        {
            return false;
        }
    }

    /// <param name="tag">Name, declarations and constant attributes: <c>saml:Issuer Format="…"</c>.</param>
    /// <param name="content">Elements, or text that went through <see cref="Text"/>.</param>
    public static string Element(string tag, params ReadOnlySpan<string> content)
    {
        var name = tag.AsSpan();
        if (name.IndexOf(' ') is var end and >= 0)
            name = name[..end];
        var whole = new StringBuilder().Append('<').Append(tag).Append('>');
        foreach (var part in content)
            whole.Append(part);
        return whole.Append("</").Append(name).Append('>').ToString();
    }

    /// <summary>Character data.</summary>
    public static string Text(string text) => new StringBuilder(text)
        .Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\r", "&#xD;").ToString();

    /// <summary>The value of an attribute, without the quotation marks.</summary>
    public static string Attribute(string value) => new StringBuilder(value)
        .Replace("&", "&amp;").Replace("<", "&lt;").Replace("\"", "&quot;").Replace("\t", "&#x9;").Replace("\n", "&#xA;").Replace("\r", "&#xD;").ToString();
}
