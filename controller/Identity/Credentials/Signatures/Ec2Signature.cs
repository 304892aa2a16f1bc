using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Credentials.Signatures;

/// <summary>
/// What a request to an EC2-compatible API must have been signed with: signature versions 0, 1, 2 and 4. A service passes the parts of the
/// request on. Source: keystoneclient/contrib/ec2/utils.py; AWS Signature Version 4.
/// </summary>
internal static partial class Ec2Signature
{
    /// <param name="request"><c>params</c>, <c>headers</c>, <c>verb</c>, <c>host</c>, <c>path</c>, <c>body_hash</c>.</param>
    /// <param name="host">In place of the request's own.</param>
    /// <returns>Null: not a request that can be signed.</returns>
    public static string? Compute(JsonElement request, string secret, string host)
    {
        var parameters = Texts(request.Member("params"));
        return parameters.GetValueOrDefault("SignatureVersion") switch
        {
            "0" => Sha1(secret, parameters.GetValueOrDefault("Action") + parameters.GetValueOrDefault("Timestamp")),
            "1" => Sha1(secret, string.Concat(
                parameters.OrderBy(static pair => pair.Key.ToLowerInvariant(), StringComparer.Ordinal).Select(static pair => pair.Key + pair.Value))),
            "2" => Version2(parameters, request, secret, host),
            _ => Version4(parameters, request, secret),
        };
    }

    /// <summary>
    /// The time that the signature covers; null: none. Whatever other time the request carries can be put in by who replays it.
    /// </summary>
    public static string? SignedTime(JsonElement request)
    {
        var parameters = Texts(request.Member("params"));
        return parameters.GetValueOrDefault("SignatureVersion") is "0" or "1" or "2"
            ? parameters.GetValueOrDefault("Timestamp")
            : DateOf(Texts(request.Member("headers")), parameters);
    }

    private static string? DateOf(Dictionary<string, string> headers, Dictionary<string, string> parameters) =>
        headers.GetValueOrDefault("X-Amz-Date") ?? parameters.GetValueOrDefault("X-Amz-Date");

    private static string Version2(Dictionary<string, string> parameters, JsonElement request, string secret, string host)
    {
        parameters["SignatureMethod"] = "HmacSHA256";
        var text = $"{request.StringOrNull("verb")}\n{host}\n{request.StringOrNull("path")}\n{CanonicalQuery(parameters)}";
        return Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text)));
    }

    private static string? Version4(Dictionary<string, string> parameters, JsonElement request, string secret)
    {
        var headers = Texts(request.Member("headers"));
        var authorization = headers.GetValueOrDefault("Authorization");
        if (authorization?.StartsWith(S3Signature.Algorithm, StringComparison.Ordinal) != true
            && parameters.GetValueOrDefault("X-Amz-Algorithm") != S3Signature.Algorithm)
            return null;

        string? Part(string name) => authorization is null ? parameters.GetValueOrDefault("X-Amz-" + name) : PartOf(authorization, name);
        var date = DateOf(headers, parameters);
        if (Part("SignedHeaders") is not { } signedHeaders || date is null
            || Part("Credential")?.Split('/') is not [_, var day, var region, var service, ..] scope
            || !date.StartsWith(day, StringComparison.Ordinal))
            return null;

        var verb = request.StringOrNull("verb")?.ToUpperInvariant() ?? "";
        parameters.Remove("X-Amz-Signature");
        var canonical = string.Join('\n', verb, request.StringOrNull("path"), verb == "POST" ? "" : CanonicalQuery(parameters),
            CanonicalHeaders(headers, signedHeaders), signedHeaders, request.StringOrNull("body_hash"));
        var text = string.Join('\n', S3Signature.Algorithm, date, string.Join('/', scope[1..]),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        return S3Signature.Sign4(secret, [day, region, service, "aws4_request"], Encoding.UTF8.GetBytes(text));
    }

    private static string PartOf(string authorization, string name)
    {
        var start = authorization.IndexOf(name + "=", StringComparison.Ordinal);
        return start < 0 ? "" : authorization[(start + name.Length + 1)..].Split(',')[0];
    }

    // Old Boto signs the host without its port.
    private static string CanonicalHeaders(Dictionary<string, string> headers, string signedHeaders)
    {
        var byName = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in headers)
            byName[name.ToLowerInvariant().Trim()] = value.Trim();
        var stripsPort = OldBoto().IsMatch(byName.GetValueOrDefault("user-agent") ?? "");
        var lines = signedHeaders.Split(';').Where(byName.ContainsKey)
            .Select(name => name == "host" && stripsPort ? $"{name}:{byName[name].Split(':')[0]}" : $"{name}:{byName[name]}");
        return string.Join('\n', lines) + "\n";
    }

    private static string CanonicalQuery(Dictionary<string, string> parameters) => string.Join('&', parameters
        .OrderBy(static pair => pair.Key, StringComparer.Ordinal)
        .Select(static pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));

    private static Dictionary<string, string> Texts(JsonElement? members) => members is { ValueKind: JsonValueKind.Object } given
        ? given.EnumerateObject().Where(static member => member.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
            .GroupBy(static member => member.Name)
            .ToDictionary(static group => group.Key, static group => PythonText.Str(group.Last().Value), StringComparer.Ordinal)
        : [];

    // The protocol names SHA-1, keyed, which its weakness does not touch.
#pragma warning disable CA5350
    private static string Sha1(string secret, string text) =>
        Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5350

    [GeneratedRegex(@"^Boto/2\.[0-9]\.[0-2]")]
    private static partial Regex OldBoto();
}
