using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Flavors;

/// <summary>Filters, order and pages of the flavor lists (nova/api/openstack/compute/flavors.py, _get_flavors).</summary>
/// <param name="IsPageFull">Whether there may be more: Nova links to a next page exactly then.</param>
internal sealed record FlavorList(IReadOnlyList<Flavor> Flavors, bool IsPageFull)
{
    private static readonly string[] SortDirections = ["asc", "desc"];

    public static Outcome<FlavorList> Select(ApiRequest request, IReadOnlyList<Flavor> all)
    {
        if (ComputePaging.Read(request).Failed(out var badPage, out var page))
            return badPage;
        if (ReadIsPublic(request).Failed(out var badPublic, out var isPublic))
            return badPublic;
        if (ReadMinimum(request, "minRam").Failed(out var badRam, out var minRam))
            return badRam;
        if (ReadMinimum(request, "minDisk").Failed(out var badDisk, out var minDisk))
            return badDisk;
        if (Sort(request, all).Failed(out var badSort, out var sorted))
            return badSort;

        var matching = sorted
            .Where(flavor => isPublic is not { } wanted || flavor.IsPublic == wanted || (wanted && flavor.IsOpenTo(request.Caller.ProjectId)))
            .Where(flavor => flavor.MemoryMiB >= minRam && flavor.RootGiB >= minDisk);
        if (page.Marker is { } marker)
        {
            if (all.All(flavor => flavor.Id != marker))
                return ComputeFaults.Invalid($"marker [{marker}] not found");
            matching = matching.SkipWhile(flavor => flavor.Id != marker).Skip(1);
        }

        var limit = page.Limit ?? ComputePaging.MaxLimit;
        List<Flavor> taken = [.. matching.Take(limit)];
        return new FlavorList(taken, taken.Count == limit && limit > 0);
    }

    // Only administrators may ask for private flavors; everybody else gets the public ones and those opened to the project.
    private static Outcome<bool?> ReadIsPublic(ApiRequest request)
    {
        if (!request.Caller.IsAdmin || request.QueryValue("is_public") is not { } text)
            return (bool?)true;
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
            return (bool?)null;
        return ComputeSchemas.ParseBoolean(text) is { } value ? (bool?)value : ComputeFaults.Invalid($"Invalid is_public filter [{text}]");
    }

    private static Outcome<long> ReadMinimum(ApiRequest request, string key)
    {
        if (request.QueryValue(key) is not { } text)
            return 0;
        return long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value : ComputeFaults.Invalid($"Invalid {key} filter [{text}]");
    }

    private static Outcome<IReadOnlyList<Flavor>> Sort(ApiRequest request, IReadOnlyList<Flavor> all)
    {
        var direction = request.QueryValue("sort_dir") ?? "asc";
        if (!SortDirections.Contains(direction))
            return ComputeSchemas.InvalidQuery("sort_dir", direction, $"'{direction}' is not one of ['asc', 'desc']");

        Func<Flavor, object?> key;
        switch (request.QueryValue("sort_key") ?? "flavorid")
        {
            case "flavorid" or "id" or "created_at" or "updated_at": key = static flavor => flavor.Id; break;
            case "name": key = static flavor => flavor.Name; break;
            case "memory_mb": key = static flavor => flavor.MemoryMiB; break;
            case "root_gb": key = static flavor => flavor.RootGiB; break;
            case "vcpus" or "vcpu_weight": key = static flavor => flavor.Vcpus; break;
            case "ephemeral_gb": key = static flavor => flavor.EphemeralGiB; break;
            case "swap": key = static flavor => flavor.SwapMiB; break;
            case "rxtx_factor": key = static flavor => flavor.RxtxFactor; break;
            case "is_public": key = static flavor => flavor.IsPublic; break;
            case "description": key = static flavor => flavor.Description; break;
            case "disabled": key = static _ => false; break;
            case var unknown: return ComputeSchemas.InvalidQuery("sort_key", unknown, $"'{unknown}' is not a valid sort key");
        }

        var comparer = Comparer<object?>.Create(static (left, right) => left is string a && right is string b
            ? string.CompareOrdinal(a, b) : System.Collections.Comparer.DefaultInvariant.Compare(left, right));
        return direction == "asc"
            ? (List<Flavor>)[.. all.OrderBy(key, comparer).ThenBy(static flavor => flavor.Id, StringComparer.Ordinal)]
            : [.. all.OrderByDescending(key, comparer).ThenByDescending(static flavor => flavor.Id, StringComparer.Ordinal)];
    }
}
