using Appliance.Controller.Audit;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller;

/// <summary>Settings of one controller process; from the command line, with defaults for a single site.</summary>
internal sealed record ControllerOptions
{
    /// <summary>Folder of the database file, images, keys and certificates.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Address and port of the HTTPS listener; null: none. Port 0 picks a free one.</summary>
    public string? HttpsListen { get; init; } = "127.0.0.1:8443";

    /// <summary>Address and port of the plain HTTP listener for local tools; null: none.</summary>
    public string? HttpListen { get; init; }

    /// <summary>Names and addresses in the server certificate besides the listener's own.</summary>
    public IReadOnlyList<string> ServerNames { get; init; } = [];

    /// <summary>Authorities, in PEM form, whose certificates API clients may show; null: none is asked for.</summary>
    public string? ClientAuthoritiesFile { get; init; }

    /// <summary>Base URL written into the service catalog; null: built from the listener a request comes through.</summary>
    public string? PublicUrl { get; init; }

    public string Region { get; init; } = "RegionOne";

    /// <summary>Password of the first administrator; used only when the database is new. Null: a random one, written to <c>{data}/admin-password</c>.</summary>
    public string? AdminPassword { get; init; }

    /// <summary>Policy overrides (oslo.policy YAML); null: none.</summary>
    public string? PolicyFile { get; init; }

    /// <summary>Settings of Identity that sites differ in.</summary>
    public IdentitySettings Identity { get; init; } = new();

    /// <summary>The audit trail.</summary>
    public AuditOptions Audit { get; init; } = new();

    /// <summary>Label of the provider network that tenants reach the outside through.</summary>
    public string ExternalPhysicalNetwork { get; init; } = "public";

    /// <summary>Largest image, in bytes; Glance's <c>image_size_cap</c> and its default.</summary>
    public long ImageSizeCapBytes { get; init; } = 1L << 40;

    /// <summary>Bytes of image data a project may store; null: no limit. Glance's <c>user_storage_quota</c>.</summary>
    public long? ImageStorageQuotaBytes { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public string DatabasePath => Path.Combine(DataFolder, "appliance.db");
}
