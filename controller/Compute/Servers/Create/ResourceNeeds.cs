using Appliance.Controller.Compute.Flavors;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>What a flavor takes from a node (nova/scheduler/utils.py, resources_from_flavor and its extra specs).</summary>
internal static class ResourceNeeds
{
    private const int MiBPerGiB = 1024;
    private const string ResourcePrefix = "resources:";
    private const string TraitPrefix = "trait:";

    public static ResourceRequest Of(Flavor flavor)
    {
        var swapGiB = ((long)flavor.SwapMiB + MiBPerGiB - 1) / MiBPerGiB;
        var resources = new Dictionary<string, long>
        {
            ["VCPU"] = flavor.Vcpus,
            ["MEMORY_MB"] = flavor.MemoryMiB,
            ["DISK_GB"] = (long)flavor.RootGiB + flavor.EphemeralGiB + swapGiB,
        };
        List<string> required = [], forbidden = [];
        foreach (var (name, value) in flavor.ExtraSpecs)
        {
            if (name.StartsWith(ResourcePrefix, StringComparison.Ordinal) && long.TryParse(value, CultureInfo.InvariantCulture, out var amount))
                resources[name[ResourcePrefix.Length..]] = amount;
            else if (name.StartsWith(TraitPrefix, StringComparison.Ordinal))
                (value == "forbidden" ? forbidden : required).Add(name[TraitPrefix.Length..]);
        }

        foreach (var (name, amount) in resources.ToList())
        {
            if (amount <= 0)
                resources.Remove(name);
        }

        return new ResourceRequest(resources, required, forbidden);
    }
}
