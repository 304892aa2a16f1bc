using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Appliance.Controller.Data;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>
/// Keeps the signer of this site: from the files that the settings name, or made when it is first needed and kept in the database, its key
/// sealed, so that all controllers sign alike.
/// </summary>
internal sealed class SamlSigners(IdentityContext context, Lazy<SiteSecret> secret)
{
    public const string Tables =
        """
        CREATE TABLE identity_saml_signers (
            id BIGINT PRIMARY KEY, entity_id TEXT NOT NULL, certificate TEXT NOT NULL, sealed_key TEXT NOT NULL, created_at BIGINT NOT NULL);
        """;

    private const string Purpose = "saml-signing-key";

    private readonly SamlSettings _settings = context.Options.Identity.Saml;
    private SamlSigner? _signer;

    /// <exception cref="CryptographicException">A file of the settings holds no such thing.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public async ValueTask<SamlSigner> GetAsync(CancellationToken ct) => _signer ??= await ReadAsync(ct);

    private async Task<SamlSigner> ReadAsync(CancellationToken ct)
    {
        var kept = await context.Database.ReadAsync(FindAsync, ct) ?? await CreateAsync(ct);
        var signer = _settings is { CertFile: { } certificate, KeyFile: { } key } ? Load(kept.EntityId, certificate, key) : kept;
        return _settings.IdpEntityId is { } name ? signer with { EntityId = name } : signer;
    }

    // Of two controllers that make one at once, the first in the database has made it for both.
    private async Task<SamlSigner> CreateAsync(CancellationToken ct)
    {
        var now = context.Clock.GetUtcNow();
        var made = SamlSigner.Create(now);
        await context.Database.WriteUncachedAsync((tx, token) => tx.ExecuteAsync(
            """
            INSERT INTO identity_saml_signers (id, entity_id, certificate, sealed_key, created_at)
            VALUES (1, @entity, @certificate, @key, @now) ON CONFLICT DO NOTHING
            """, token, ("entity", made.EntityId), ("certificate", Convert.ToBase64String(made.Certificate)), ("key", secret.Value.Seal(made.Key, Purpose)),
            ("now", now)), ct);
        return (await context.Database.ReadAsync(FindAsync, ct))!;
    }

    private Task<SamlSigner?> FindAsync(Session tx, CancellationToken ct) => tx.FindAsync(
        "SELECT entity_id, certificate, sealed_key FROM identity_saml_signers WHERE id = 1",
        row => new SamlSigner(row.String(0), Convert.FromBase64String(row.String(1)), secret.Value.Open(row.String(2), Purpose)), ct);

    private static SamlSigner Load(string entityId, string certificateFile, string keyFile)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(certificateFile));
        using var key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(keyFile));
        return new SamlSigner(entityId, certificate.RawData, key.ExportPkcs8PrivateKey());
    }
}
