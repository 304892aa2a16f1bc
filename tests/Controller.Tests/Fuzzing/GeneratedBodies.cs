using System.Text;
using CsCheck;

namespace Appliance.Controller.Tests.Fuzzing;

/// <summary>Bodies of requests as text: JSON with the names that APIs use, values of every kind, and now and then no JSON at all.</summary>
internal sealed class GeneratedBodies
{
    private const int MaxDepth = 4;

    // Members of Identity's bodies, and what query strings, JSON and Python have a meaning of their own for.
    private static readonly string[] Names =
    [
        "name", "id", "domain_id", "domain", "project_id", "project", "user_id", "user", "group", "role_id", "roles", "role", "parent_id", "enabled", "description",
        "options", "immutable", "multi_factor_auth_rules", "multi_factor_auth_enabled", "password", "original_password", "default_project_id", "email", "tags",
        "is_domain", "links", "self", "type", "blob", "access", "secret", "trust_id", "unrestricted", "access_rules", "path", "method", "service", "expires_at",
        "trustor_user_id", "trustee_user_id", "impersonation", "remaining_uses", "allow_redelegation", "redelegation_count", "url", "interface", "service_id",
        "region_id", "region", "parent_region_id", "endpoint", "filters", "auth", "identity", "methods", "token", "totp", "passcode", "scope", "system", "all",
        "OS-TRUST:trust", "application_credential", "oauth1", "mapped", "saml2", "credentials", "signature", "host", "verb", "params", "headers", "body_hash",
        "rules", "local", "remote", "any_one_of", "regex", "remote_ids", "mapping_id", "schema_version", "authorization_ttl", "auth_url", "sp_url",
        "relay_state_prefix", "resource_name", "default_limit", "resource_limit", "limits", "registered_limits", "config", "ldap", "driver", "tenant_id",
        "tenant", "consumer", "extra", "",
    ];

    private readonly string[] _ids;

    /// <param name="ids">Of things that exist.</param>
    public GeneratedBodies(string[] ids) => _ids = ids;

    /// <param name="members">What bodies of the operation begin with, as far as that is known.</param>
    public Gen<string> For(string[] members) => Gen.Frequency(
        (8, Gen.Select(Gen.OneOf(members), Object(MaxDepth), static (member, value) => $"{{{Quote(member)}: {value}}}")),
        (2, Gen.Select(Gen.OneOf(members), Value(MaxDepth), static (member, value) => $"{{{Quote(member)}: {value}}}")),
        (2, Value(MaxDepth)),
        (2, Gen.Select(Object(MaxDepth), Gen.Int[0, 400], Gen.Char, static (text, at, put) => at < text.Length ? text.Remove(at, 1).Insert(at, put.ToString()) : text[..(text.Length / 2)])),
        (1, Gen.String[0, 40]));

    private Gen<string> Value(int depth) => depth == 0 ? Scalar : Gen.Frequency((5, Scalar), (3, Object(depth)), (2, List(depth)));

    private Gen<string> Object(int depth) => Gen.Select(Gen.OneOf(Names), Value(depth - 1), static (name, value) => $"{Quote(name)}: {value}")
        .Array[0, 7].Select(static members => $"{{{string.Join(", ", members)}}}");

    private Gen<string> List(int depth) => Value(depth - 1).Array[0, 4].Select(static items => $"[{string.Join(", ", items)}]");

    private Gen<string> Scalar => Gen.Frequency(
        (4, Gen.OneOf(_ids).Select(Quote)),
        (4, Gen.OneOf("password", "token", "default", "admin", "member", "public", "compute", "volume", "ec2", "cert", "totp", "2026-01-31T23:59:59.000000Z",
            "2026-01-31T23:59:59Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "http://x/$(project_id)s", "http://x/%(user_id)s%", "$(", "%(x)s", "/v3/**", "{0}", "é", "", " ", "..")
            .Select(Quote)),
        (4, Gen.OneOf("null", "true", "false", "0", "-1", "1", "2147483648", "9223372036854775808", "1.5", "-0.0", "1e400", "1e-400", "[]", "{}")),
        (2, Gen.String[0, 70].Select(Quote)),
        (1, Gen.Int[60, 70_000].Select(static length => Quote(new string('x', length)))),
        (1, Gen.OneOf("\"\\u0000\"", "\"\\ud800\"", "\"\\u202e\"", "\"a\\nb\"", "nul", "'x'", "01", "\"x")));

    // Not by the JSON writer: it mends what is to stay broken.
    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
            quoted.Append(character is '"' or '\\' || character < ' ' || char.IsSurrogate(character) ? $"\\u{(int)character:x4}" : character.ToString());
        return quoted.Append('"').ToString();
    }
}
