using System.Text.Json;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Ports;

namespace Appliance.Controller.Networking.Routers;

/// <summary><c>external_gateway_info</c> of a body.</summary>
/// <param name="NetworkId">Null: no gateway.</param>
/// <param name="EnableSnat">Null: not said, which means the default (on).</param>
/// <param name="FixedIps">Null: not said.</param>
internal sealed record GatewayInfo(string? NetworkId, bool? EnableSnat, List<FixedIpRequest>? FixedIps)
{
    public static readonly GatewayInfo None = new(null, null, null);

    /// <summary>Source: neutron_lib/api/definitions/{l3,l3_ext_gw_mode}.py; null and an empty object mean no gateway.</summary>
    public static Reading Read(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new Reading(None);
        if (value.ValueKind != JsonValueKind.Object)
            return Reading.Invalid($"'{PythonText.Str(value)}' is not a dictionary");
        var names = value.EnumerateObject().Select(static member => member.Name).ToList();
        if (names.Count == 0)
            return new Reading(None);
        if (!names.Contains("network_id"))
        {
            return Reading.Invalid("Validation of dictionary's keys failed. Expected keys: {'network_id'} " +
                $"Provided keys: {{{string.Join(", ", names.Select(PythonText.Quote))}}}");
        }

        var unknown = names.Except(["network_id", "enable_snat", "external_fixed_ips"]).ToList();
        if (unknown.Count > 0)
            return Reading.Invalid($"Unexpected keys supplied: {string.Join(", ", unknown)}");
        return ReadMembers(value);
    }

    private static Reading ReadMembers(JsonElement value)
    {
        if (Attributes.Read.Uuid(value.GetProperty("network_id")).Reason is { } badId)
            return Reading.Invalid(badId);
        bool? snat = null;
        if (value.Member("enable_snat") is { } given)
        {
            if (Attributes.Read.Flag(given) is not { Value: bool flag })
                return Attributes.Read.Flag(given);
            snat = flag;
        }

        List<FixedIpRequest>? ips = null;
        if (value.Member("external_fixed_ips") is { } fixedIps)
        {
            var read = PortReaders.FixedIps(fixedIps);
            if (read.Reason is { } bad)
                return Reading.Invalid(bad);
            ips = (List<FixedIpRequest>)read.Value!;
        }

        return new Reading(new GatewayInfo(value.GetProperty("network_id").GetString(), snat, ips));
    }
}
