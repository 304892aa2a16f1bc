using System.Text.Json;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Subnets;

/// <summary>Readers of the attributes only subnets have. Source: neutron_lib/api/validators/__init__.py.</summary>
internal static class SubnetReaders
{
    public static Reading CidrOrNull(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return NeutronErrors.InvalidInput("None is not in a CIDR format");
        var text = PythonText.Str(value);
        if (value.ValueKind == JsonValueKind.String && Cidr.TryParse(text, out var cidr))
            return new(cidr.ToString());
        // A bare address is a CIDR to the converter and no subnet to the validator.
        return Ip.TryParse(text, out _) && value.ValueKind == JsonValueKind.String && !text.Contains('/', StringComparison.Ordinal)
            ? Reading.Invalid($"'{text}' is not a valid IP subnet") : NeutronErrors.InvalidInput($"{text} is not in a CIDR format");
    }

    /// <summary>A list of <see cref="AllocationPool"/>; null reads as empty.</summary>
    public static Reading Pools(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(new List<AllocationPool>());
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(static pool => pool.ValueKind != JsonValueKind.Object))
            return NeutronErrors.InvalidInput("Invalid data format for allocation pools");

        var pools = new List<AllocationPool>();
        foreach (var pool in value.EnumerateArray())
        {
            if (CheckKeys(pool, "start", "end") is { } keys)
                return Reading.Invalid(keys);
            if ((Read.CheckIp(pool.GetProperty("start")) ?? Read.CheckIp(pool.GetProperty("end"))) is { } bad)
                return Reading.Invalid(bad);
            pools.Add(new AllocationPool(Canonical(pool, "start"), Canonical(pool, "end")));
        }

        return new(pools);
    }

    public static Reading Nameservers(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(new List<string>());
        if (value.ValueKind != JsonValueKind.Array)
            return Reading.Invalid($"Invalid data format for nameserver: '{PythonText.Str(value)}'");
        var servers = new List<string>();
        foreach (var server in value.EnumerateArray())
        {
            if (Read.CheckIp(server) is { } bad)
                return Reading.Invalid($"'{PythonText.Str(server)}' is not a valid nameserver. {bad}");
            if (servers.Contains(server.GetString()!))
                return Reading.Invalid($"Duplicate nameserver '{server.GetString()}'");
            servers.Add(server.GetString()!);
        }

        return new(servers);
    }

    /// <summary>A list of <see cref="HostRoute"/>; null reads as empty.</summary>
    public static Reading HostRoutes(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(new List<HostRoute>());
        if (value.ValueKind != JsonValueKind.Array)
            return Reading.Invalid($"Invalid data format for hostroute: '{PythonText.Str(value)}'");
        var routes = new List<HostRoute>();
        foreach (var item in value.EnumerateArray())
        {
            if (CheckKeys(item, "destination", "nexthop") is { } keys)
                return Reading.Invalid(keys);
            if ((CheckRoute(item.GetProperty("destination")) ?? Read.CheckIp(item.GetProperty("nexthop"))) is { } bad)
                return Reading.Invalid(bad);
            var route = new HostRoute(item.GetProperty("destination").GetString()!, item.GetProperty("nexthop").GetString()!);
            if (routes.Contains(route))
                return Reading.Invalid($"Duplicate hostroute '{PythonText.Repr(item)}'");
            routes.Add(route);
        }

        return new(routes);
    }

    private static string? CheckRoute(JsonElement destination)
    {
        var isCidr = destination.ValueKind == JsonValueKind.String && Cidr.TryParse(destination.GetString(), out var cidr) && !cidr.HasHostBits;
        return isCidr ? null : $"'{PythonText.Str(destination)}' is not a valid CIDR";
    }

    private static string? CheckKeys(JsonElement item, string first, string second)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return $"Invalid input. '{PythonText.Str(item)}' must be a dictionary with keys: ['{first}', '{second}']";
        var names = item.EnumerateObject().Select(static member => member.Name).ToList();
        return names.Count == 2 && names.Contains(first) && names.Contains(second) ? null
            : $"Validation of dictionary's keys failed. Expected keys: {{'{first}', '{second}'}} " +
              $"Provided keys: {{{string.Join(", ", names.Select(PythonText.Quote))}}}";
    }

    private static string Canonical(JsonElement pool, string name) => Ip.Parse(pool.GetProperty(name).GetString()!).ToString();
}
