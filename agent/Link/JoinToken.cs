using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Appliance.Agent.Link;

/// <summary>What an operator gives a machine to let it join: <c>{secret}.{hex SHA-256 of the site's CA}</c>.</summary>
internal sealed record JoinToken(string Secret, string AuthorityFingerprint)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out JoinToken? token)
    {
        var parts = text.Trim().Split('.');
        token = parts is [{ Length: > 0 }, { Length: 64 }] && parts[1].All(char.IsAsciiHexDigit)
            ? new JoinToken(parts[0], parts[1].ToLowerInvariant())
            : null;
        return token is not null;
    }

    public bool Matches(X509Certificate2 authority) => Convert.ToHexStringLower(SHA256.HashData(authority.RawData)) == AuthorityFingerprint;

    // The secret must not reach a log.
    public override string ToString() => $"join token of site {AuthorityFingerprint[..8]}";
}
