using System.Security.Cryptography;
using System.Text;

namespace Appliance.Controller.Identity.Credentials.Signatures;

/// <summary>What the text that an object store passes on must have been signed with. Source: keystone/api/s3tokens.py.</summary>
internal static class S3Signature
{
    public const string Algorithm = "AWS4-HMAC-SHA256";

    private static readonly string[] Services = ["s3", "iam", "sts"];

    /// <param name="text">The string to sign, of version 1 or 4.</param>
    /// <returns>Null: a text of version 4 that is malformed, or for another kind of service.</returns>
    public static string? Compute(byte[] text, string secret)
    {
        if (!text.AsSpan().StartsWith("AWS4"u8))
            return Version1(text, secret);
        return Encoding.UTF8.GetString(text).Split('\n') is [Algorithm, _, var scope, _]
            && scope.Split('/') is [_, _, var service, "aws4_request"] parts && Services.Contains(service)
            ? Sign4(secret, parts, text)
            : null;
    }

    /// <summary>Signs with the key that follows from the secret and each part of the scope in turn.</summary>
    public static string Sign4(string secret, string[] scope, byte[] text)
    {
        var key = Encoding.UTF8.GetBytes("AWS4" + secret);
        foreach (var part in scope)
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, text));
    }

    // The protocol names SHA-1, keyed, which its weakness does not touch.
#pragma warning disable CA5350
    private static string Version1(byte[] text, string secret) => Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), text));
#pragma warning restore CA5350
}
