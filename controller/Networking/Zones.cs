using System.Text.Json;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking;

/// <summary>Availability zones: every node serves networks and routers, and all are in one zone.</summary>
internal static class Zones
{
    /// <summary>Neutron's default zone of agents, which is also Compute's.</summary>
    public const string Default = "nova";
}

/// <summary>Reads <c>availability_zone_hints</c>: names of zones that exist.</summary>
internal static class ZoneHintsReader
{
    public static Reading Read(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return Reading.Invalid($"'{Http.Json.PythonText.Str(value)}' is not a list");
        foreach (var zone in value.EnumerateArray())
        {
            if (zone.ValueKind != JsonValueKind.String)
                return Reading.Invalid($"'{Http.Json.PythonText.Str(zone)}' is not a valid string");
            if (zone.GetString() != Zones.Default)
                return NeutronErrors.NotFound("AvailabilityZoneNotFound", $"AvailabilityZone {zone.GetString()} could not be found.");
        }

        var zones = value.EnumerateArray().Select(static zone => zone.GetString()!).Distinct().ToList();
        return new(JsonList<string>.Of(zones, NetworkingJson.Default.ListString).Text);
    }
}
