using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Credentials;

/// <summary>A secret kept for a user: an EC2 key pair, a TOTP seed, a certificate.</summary>
/// <param name="Blob">The secret in its plain form: a text that is usually JSON. Rows hold it sealed.</param>
/// <param name="Extra">JSON object.</param>
internal sealed record Credential(string Id, string UserId, string? ProjectId, string Type, string Blob, string Extra)
{
    public const string Ec2 = "ec2";

    /// <summary>Id of the EC2 credential with this access key, so that it is found by the key.</summary>
    public static string IdOfAccessKey(string accessKey) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(accessKey)));
}

/// <summary>Rows of credentials, and how they look.</summary>
internal sealed class CredentialStore(Lazy<SiteSecret> secret)
{
    public static readonly HashSet<string> Known = ["user_id", "project_id", "type", "blob"];

    public static readonly JsonSchema Create = JsonSchema.Object
        .Required("blob", JsonSchema.String()).Required("type", JsonSchema.String(1, 255)).Required("user_id", JsonSchema.String(1, 64))
        .Property("project_id", BodyMembers.NullableText);

    public static readonly JsonSchema Update = JsonSchema.Object
        .Property("blob", JsonSchema.String()).Property("type", JsonSchema.String(1, 255)).Property("user_id", JsonSchema.String(1, 64))
        .Property("project_id", BodyMembers.NullableText).Properties(min: 1);

    /// <summary>Reads with the blob opened.</summary>
    public Collection<Credential> Credentials => field ??= new(
        "credentials", "credential", "SELECT c.id, c.user_id, c.project_id, c.type, c.sealed_blob, c.extra FROM identity_credentials c", "c.id",
        Map, static credential => credential.Id, Write);

    /// <summary>False: the id is taken, so it is the same access key.</summary>
    public async Task<bool> TryInsertAsync(Session tx, Credential credential, CancellationToken ct) => await tx.ExecuteAsync(
        """
        INSERT INTO identity_credentials (id, user_id, project_id, type, sealed_blob, extra)
        VALUES (@id, @user, @project, @type, @blob, @extra) ON CONFLICT DO NOTHING
        """, ct, Bind(credential)) == 1;

    public Task UpdateAsync(Session tx, Credential credential, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE identity_credentials SET user_id = @user, project_id = @project, type = @type, sealed_blob = @blob, extra = @extra WHERE id = @id",
        ct, Bind(credential));

    public static Task DeleteAsync(Session tx, string id, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM identity_credentials WHERE id = @id", ct, ("id", id));

    private Credential Map(Row row) => new(
        row.String(0), row.String(1), row.NullableString(2), row.String(3),
        Encoding.UTF8.GetString(secret.Value.Open(row.String(4), Purpose(row.String(0)))), row.String(5));

    private static void Write(Utf8JsonWriter writer, Credential credential)
    {
        writer.WriteString("id", credential.Id);
        writer.WriteString("user_id", credential.UserId);
        writer.WriteString("project_id", credential.ProjectId);
        writer.WriteString("type", credential.Type);
        writer.WriteString("blob", credential.Blob);
        Extra.Write(writer, credential.Extra);
    }

    private Parameter[] Bind(Credential credential) =>
    [
        ("id", credential.Id), ("user", credential.UserId), ("project", credential.ProjectId), ("type", credential.Type),
        ("blob", secret.Value.Seal(Encoding.UTF8.GetBytes(credential.Blob), Purpose(credential.Id))), ("extra", credential.Extra),
    ];

    private static string Purpose(string id) => $"credential {id}";
}
