using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Receipts;

/// <summary>Some of the proofs that a user's rules demand, to go on from with the others. It opens nothing by itself.</summary>
/// <param name="Required">The sets of methods that would finish the login.</param>
internal sealed record Receipt(string Text, Token Token, UserRef User, IReadOnlyList<IReadOnlyList<string>> Required)
{
    public const string Header = "Openstack-Auth-Receipt";

    /// <summary>401 with the receipt. Source: keystone/receipt/handlers.py.</summary>
    public ApiResult Answer() => ApiResult.Json(StatusCodes.Status401Unauthorized, Write).With(Header, Text);

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("receipt");
        TokenDocument.WriteMethods(writer, Token.Methods);
        writer.WriteStartObject("user");
        writer.WriteString("id", User.Id);
        writer.WriteString("name", User.Name);
        writer.WriteStartObject("domain");
        writer.WriteString("id", User.Domain.Id);
        writer.WriteString("name", User.Domain.Name);
        writer.WriteEndObject();
        writer.WriteEndObject();
        Timestamps.WriteMicros(writer, "expires_at", Token.ExpiresAt);
        Timestamps.WriteMicros(writer, "issued_at", Token.IssuedAt);
        writer.WriteEndObject();
        writer.WriteStartArray("required_auth_methods");
        foreach (var rule in Required)
        {
            writer.WriteStartArray();
            foreach (var method in rule)
                writer.WriteStringValue(method);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
