namespace Appliance.Controller.Compute.Quotas;

/// <summary>The resources a project's use is limited in, with Nova's defaults (nova/conf/quota.py). -1: no limit.</summary>
internal static class QuotaLimits
{
    public const string Instances = "instances";
    public const string Cores = "cores";
    public const string Ram = "ram";
    public const string MetadataItems = "metadata_items";
    public const string InjectedFiles = "injected_files";
    public const string InjectedFileContentBytes = "injected_file_content_bytes";
    public const string InjectedFilePathBytes = "injected_file_path_bytes";
    public const string KeyPairs = "key_pairs";
    public const string ServerGroups = "server_groups";
    public const string ServerGroupMembers = "server_group_members";

    public static readonly IReadOnlyList<(string Resource, long Default)> All =
    [
        (Instances, 10), (Cores, 20), (Ram, 51_200), (MetadataItems, 128), (InjectedFiles, 5), (InjectedFileContentBytes, 10_240),
        (InjectedFilePathBytes, 255), (KeyPairs, 100), (ServerGroups, 10), (ServerGroupMembers, 10),
        // Networking limits these; the old names are still shown, as Nova shows them.
        ("floating_ips", -1), ("fixed_ips", -1), ("security_groups", -1), ("security_group_rules", -1),
    ];

    /// <summary>How much of a resource is used, of those that are used up by servers; 0 for those that limit a single request.</summary>
    public static long UseOf(string resource, (long Instances, long Cores, long Ram) used) => resource switch
    {
        Instances => used.Instances,
        Cores => used.Cores,
        Ram => used.Ram,
        _ => 0,
    };
}

/// <summary>A limit beside what is used of it.</summary>
internal sealed record QuotaUse(string Resource, long Limit, long Used)
{
    /// <summary>Whether <paramref name="more"/> fits.</summary>
    public bool Allows(long more) => Limit < 0 || Used + more <= Limit;
}
