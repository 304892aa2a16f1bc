using System.Text;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.OAuth1;

/// <summary>A program that users can let act for them.</summary>
/// <param name="Secret">Signs its requests; shown once.</param>
/// <param name="Extra">JSON object.</param>
internal sealed record Consumer(string Id, string? Description, string Secret, string Extra);

/// <summary>What a consumer asked a user for.</summary>
/// <param name="Verifier">Proves that the user agreed; null: nobody has.</param>
internal sealed record RequestToken(
    string Id, string ConsumerId, string Secret, string ProjectId, DateTimeOffset? ExpiresAt, string? UserId, string? Verifier,
    IReadOnlyList<string> RoleIds);

/// <summary>What a user lets a consumer do.</summary>
internal sealed record AccessToken(
    string Id, string ConsumerId, string Secret, string ProjectId, DateTimeOffset? ExpiresAt, string UserId, IReadOnlyList<string> RoleIds);

/// <summary>Rows of OAuth 1.0a; secrets are sealed.</summary>
internal sealed class OAuthStore(Lazy<SiteSecret> secret)
{
    public const string Tables =
        """
        CREATE TABLE identity_consumers (id TEXT PRIMARY KEY, description TEXT, sealed_secret TEXT NOT NULL, extra TEXT NOT NULL);
        CREATE TABLE identity_request_tokens (
            id TEXT PRIMARY KEY, consumer_id TEXT NOT NULL, sealed_secret TEXT NOT NULL, project_id TEXT NOT NULL, expires_at BIGINT, user_id TEXT,
            verifier TEXT, role_ids TEXT NOT NULL);
        CREATE INDEX identity_request_tokens_consumer ON identity_request_tokens (consumer_id);
        CREATE TABLE identity_access_tokens (
            id TEXT PRIMARY KEY, consumer_id TEXT NOT NULL, sealed_secret TEXT NOT NULL, project_id TEXT NOT NULL, expires_at BIGINT,
            user_id TEXT NOT NULL, role_ids TEXT NOT NULL);
        CREATE INDEX identity_access_tokens_consumer ON identity_access_tokens (consumer_id);
        CREATE INDEX identity_access_tokens_user ON identity_access_tokens (user_id);
        """;

    public static readonly HashSet<string> Known = ["description", "secret"];

    public static readonly JsonSchema Create = JsonSchema.Object.Property("description", JsonSchema.NullableString(null, 255));

    public static readonly JsonSchema Update = JsonSchema.Object.Property("description", JsonSchema.NullableString(null, 255)).Properties(min: 1)
        .Rule(static body => body.Has("secret") ? $"{PythonText.Repr(body)} should not be valid under {{'required': ['secret']}}" : null);

    /// <summary>Without the secret.</summary>
    public Collection<Consumer> Consumers => field ??= new(
        "consumers", "consumer", "SELECT c.id, c.description, c.sealed_secret, c.extra FROM identity_consumers c", "c.id",
        row => new Consumer(row.String(0), row.NullableString(1), Open(row, 2), row.String(3)), static consumer => consumer.Id, Write)
    { Path = "OS-OAUTH1/consumers" };

    public Task InsertAsync(Session tx, Consumer consumer, CancellationToken ct) => tx.ExecuteAsync(
        "INSERT INTO identity_consumers (id, description, sealed_secret, extra) VALUES (@id, @description, @secret, @extra)", ct,
        ("id", consumer.Id), ("description", consumer.Description), ("secret", Seal(consumer.Id, consumer.Secret)), ("extra", consumer.Extra));

    public static Task UpdateAsync(Session tx, Consumer consumer, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE identity_consumers SET description = @description, extra = @extra WHERE id = @id", ct,
        ("id", consumer.Id), ("description", consumer.Description), ("extra", consumer.Extra));

    /// <summary>Deletes it with what it was let do.</summary>
    public static async Task DeleteConsumerAsync(Session tx, string id, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_request_tokens WHERE consumer_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_access_tokens WHERE consumer_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_consumers WHERE id = @id", ct, ("id", id));
    }

    public Task InsertAsync(Session tx, RequestToken token, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO identity_request_tokens (id, consumer_id, sealed_secret, project_id, expires_at, role_ids)
        VALUES (@id, @consumer, @secret, @project, @expires, '')
        """, ct, ("id", token.Id), ("consumer", token.ConsumerId), ("secret", Seal(token.Id, token.Secret)), ("project", token.ProjectId),
        ("expires", token.ExpiresAt));

    public Task<RequestToken?> FindRequestTokenAsync(Session tx, string id, CancellationToken ct) => tx.FindAsync(
        "SELECT id, consumer_id, sealed_secret, project_id, expires_at, user_id, verifier, role_ids FROM identity_request_tokens WHERE id = @id",
        row => new RequestToken(
            row.String(0), row.String(1), Open(row, 2), row.String(3), row.NullableInstant(4), row.NullableString(5), row.NullableString(6),
            Split(row.String(7))), ct, ("id", id));

    public static Task AuthorizeAsync(Session tx, RequestToken token, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE identity_request_tokens SET user_id = @user, verifier = @verifier, role_ids = @roles WHERE id = @id", ct,
        ("id", token.Id), ("user", token.UserId), ("verifier", token.Verifier), ("roles", string.Join(',', token.RoleIds)));

    /// <summary>False: it was used already.</summary>
    public static async Task<bool> DeleteRequestTokenAsync(Session tx, string id, CancellationToken ct) =>
        await tx.ExecuteAsync("DELETE FROM identity_request_tokens WHERE id = @id", ct, ("id", id)) == 1;

    public Task InsertAsync(Session tx, AccessToken token, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO identity_access_tokens (id, consumer_id, sealed_secret, project_id, expires_at, user_id, role_ids)
        VALUES (@id, @consumer, @secret, @project, @expires, @user, @roles)
        """, ct, ("id", token.Id), ("consumer", token.ConsumerId), ("secret", Seal(token.Id, token.Secret)), ("project", token.ProjectId),
        ("expires", token.ExpiresAt), ("user", token.UserId), ("roles", string.Join(',', token.RoleIds)));

    public Task<AccessToken?> FindAccessTokenAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"{SelectAccessTokens} WHERE id = @id", MapAccessToken, ct, ("id", id));

    public Task<List<AccessToken>> ListAccessTokensAsync(Session tx, string userId, CancellationToken ct) =>
        tx.ListAsync($"{SelectAccessTokens} WHERE user_id = @user ORDER BY id", MapAccessToken, ct, ("user", userId));

    public static Task DeleteAccessTokenAsync(Session tx, string id, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM identity_access_tokens WHERE id = @id", ct, ("id", id));

    /// <summary>What the user let others do.</summary>
    public static async Task DeleteOfUserAsync(Session tx, string userId, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_request_tokens WHERE user_id = @id", ct, ("id", userId));
        await tx.ExecuteAsync("DELETE FROM identity_access_tokens WHERE user_id = @id", ct, ("id", userId));
    }

    private const string SelectAccessTokens =
        "SELECT id, consumer_id, sealed_secret, project_id, expires_at, user_id, role_ids FROM identity_access_tokens";

    private AccessToken MapAccessToken(Row row) => new(
        row.String(0), row.String(1), Open(row, 2), row.String(3), row.NullableInstant(4), row.String(5), Split(row.String(6)));

    private static string[] Split(string ids) => ids.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private string Seal(string id, string plain) => secret.Value.Seal(Encoding.UTF8.GetBytes(plain), Purpose(id));

    // The id is the first column of every select here.
    private string Open(Row row, int column) => Encoding.UTF8.GetString(secret.Value.Open(row.String(column), Purpose(row.String(0))));

    private static string Purpose(string id) => $"oauth {id}";

    private static void Write(Utf8JsonWriter writer, Consumer consumer)
    {
        writer.WriteString("id", consumer.Id);
        writer.WriteString("description", consumer.Description);
        Extra.Write(writer, consumer.Extra);
    }
}
