using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>What subnet pools refuse, by upstream's names. Source: neutron_lib/exceptions/__init__.py.</summary>
internal static class SubnetPoolErrors
{
    public static Fault EmptyPrefixes { get; } = NeutronErrors.Invalid("EmptySubnetPoolPrefixList", "Empty subnet pool prefix list.");

    public static Fault MixedVersions { get; } =
        NeutronErrors.Invalid("PrefixVersionMismatch", "Cannot mix IPv4 and IPv6 prefixes in a subnet pool.");

    public static Fault DefaultExists { get; } = NeutronErrors.InvalidInput(
        "A default subnetpool for this IP family has already been set. Only one default may exist per IP family");

    public static Fault InUse { get; } =
        NeutronErrors.Invalid("SubnetPoolDeleteError", "Unable to delete subnet pool: Subnet pool has existing allocations.");

    public static Fault OverQuota { get; } =
        new(FaultKind.OverQuota, "Per-project subnet pool prefix quota exceeded.", Code: "SubnetPoolQuotaExceeded");

    public static Fault DifferentPool { get; } = NeutronErrors.Invalid("NetworkSubnetPoolAffinityError",
        "Subnets hosted on the same network must be allocated from the same subnet pool.");

    public static Fault NotFound(string id) => NeutronErrors.NotFound("SubnetPoolNotFound", $"Subnet pool {id} could not be found.");

    public static Fault BadUpdate(string reason) =>
        NeutronErrors.Invalid("IllegalSubnetPoolPrefixUpdate", $"Illegal update to prefixes: {reason}.");

    public static Fault BadBounds(string type, int length, string baseType, int baseLength) => NeutronErrors.Invalid(
        "IllegalSubnetPoolPrefixBounds", $"Illegal prefix bounds: {type}={length}, {baseType}={baseLength}.");

    public static Fault TooLarge(int length, int min) => NeutronErrors.Invalid("MinPrefixSubnetAllocationError",
        $"Unable to allocate subnet with prefix length {length}, minimum allowed prefix is {min}.");

    public static Fault TooSmall(int length, int max) => NeutronErrors.Invalid("MaxPrefixSubnetAllocationError",
        $"Unable to allocate subnet with prefix length {length}, maximum allowed prefix is {max}.");

    /// <summary>Upstream answers an internal error with these words in its log; the caller can act on them, so here it is a conflict.</summary>
    public static Fault NoSpace(string reason) => NeutronErrors.Conflict("SubnetAllocationError", $"Failed to allocate subnet: {reason}.");
}
