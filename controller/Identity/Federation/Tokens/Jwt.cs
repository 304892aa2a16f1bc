using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Tokens;

/// <summary>A JSON web token that was taken apart, nothing of it believed yet. Source: RFC 7515, RFC 7519.</summary>
internal sealed record Jwt(JsonElement Header, JsonElement Claims, byte[] Signed, byte[] Signature)
{
    private const int MaxLength = 16_384;

    public string? KeyId => Header.StringOrNull("kid");
    public string? Issuer => Claims.StringOrNull("iss");

    /// <summary>Null: not a signed token.</summary>
    public static Jwt? Read(string text)
    {
        if (text.Length > MaxLength || text.Split('.') is not [var header, var claims, var signature]
            || !Base64Url.IsValid(header) || !Base64Url.IsValid(claims) || !Base64Url.IsValid(signature))
            return null;
        return Parse(header) is { } head && Parse(claims) is { } body
            ? new Jwt(head, body, Encoding.ASCII.GetBytes($"{header}.{claims}"), Base64Url.DecodeFromChars(signature))
            : null;
    }

    /// <summary>Whether the key made the signature, by an algorithm of its kind: never <c>none</c>, never one with a shared secret.</summary>
    /// <param name="key">A JSON web key. RFC 7517, RFC 7518.</param>
    public bool IsSignedBy(JsonElement key) => (Header.StringOrNull("alg"), key.StringOrNull("kty")) switch
    {
        ("RS256", "RSA") => Rsa(key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        ("RS384", "RSA") => Rsa(key, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1),
        ("RS512", "RSA") => Rsa(key, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
        ("PS256", "RSA") => Rsa(key, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        ("ES256", "EC") when key.StringOrNull("crv") == "P-256" => Ec(key, ECCurve.NamedCurves.nistP256, HashAlgorithmName.SHA256),
        ("ES384", "EC") when key.StringOrNull("crv") == "P-384" => Ec(key, ECCurve.NamedCurves.nistP384, HashAlgorithmName.SHA384),
        _ => false,
    };

    private bool Rsa(JsonElement key, HashAlgorithmName hash, RSASignaturePadding padding)
    {
        if (Bytes(key, "n") is not { } modulus || Bytes(key, "e") is not { } exponent)
            return false;
        try
        {
            using var rsa = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
            return rsa.KeySize >= 2048 && rsa.VerifyData(Signed, Signature, hash, padding);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private bool Ec(JsonElement key, ECCurve curve, HashAlgorithmName hash)
    {
        if (Bytes(key, "x") is not { } x || Bytes(key, "y") is not { } y)
            return false;
        try
        {
            using var ec = ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } });
            return ec.VerifyData(Signed, Signature, hash);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static byte[]? Bytes(JsonElement key, string member) =>
        key.StringOrNull(member) is { } text && Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text) : null;

    private static JsonElement? Parse(string part)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(part));
            return document.RootElement.ValueKind == JsonValueKind.Object && JsonText.IsWellFormed(document.RootElement)
                ? document.RootElement.Clone()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
