using System.Text;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>How far below its base a search looks. RFC 4511 §4.5.1.2.</summary>
internal enum LdapScope : byte
{
    Base = 0,
    OneLevel = 1,
    Subtree = 2,
}

/// <summary>When aliases are followed. RFC 4511 §4.5.1.3.</summary>
internal enum LdapDereference : byte
{
    Never = 0,
    Searching = 1,
    Finding = 2,
    Always = 3,
}

/// <summary>The result codes that mean something here. RFC 4511 §4.1.9.</summary>
internal enum LdapResultCode
{
    Success = 0,
    SizeLimitExceeded = 4,
    NoSuchObject = 32,
    InvalidCredentials = 49,
    Busy = 51,
    Unavailable = 52,
}

/// <param name="Text">The server's diagnostic message; it is for the log only.</param>
internal readonly record struct LdapResult(LdapResultCode Code, string Text);

/// <param name="Attributes">Of the entries that are found; <c>1.1</c> alone: none.</param>
/// <param name="SizeLimit">0: as many as the server gives.</param>
/// <param name="PageSize">Entries that the server sends at a time; 0: all at once.</param>
internal sealed record LdapSearch(
    string BaseDn, LdapScope Scope, LdapFilter Filter, IReadOnlyList<string> Attributes, int SizeLimit = 0, int PageSize = 0,
    LdapDereference Dereference = LdapDereference.Never);

/// <summary>An entry as a search found it. Attribute names ignore case; so do their options (<c>;binary</c>), which are kept.</summary>
internal sealed class LdapEntry(string dn)
{
    private readonly Dictionary<string, List<byte[]>> _attributes = new(StringComparer.OrdinalIgnoreCase);

    public string Dn => dn;

    public void Add(string attribute, List<byte[]> values) => _attributes[attribute] = values;

    public IReadOnlyList<byte[]> Values(string attribute) => _attributes.TryGetValue(attribute, out var values) ? values : [];

    /// <summary>Values that are text; others are left out.</summary>
    public IEnumerable<string> Texts(string attribute) => Values(attribute).Select(ToText).OfType<string>();

    /// <summary>The first value as text; null when there is none, or it is not text.</summary>
    public string? Text(string attribute) => Values(attribute) is [var first, ..] ? ToText(first) : null;

    /// <summary>UTF-8 as text, and 16 bytes that are not as the UUID that Active Directory means by them. Source: keystone's utf8_decode.</summary>
    public static string? ToText(byte[] value)
    {
        try
        {
            return Strict.GetString(value);
        }
        catch (DecoderFallbackException)
        {
            return value.Length == 16 ? new Guid(value).ToString() : null;
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
