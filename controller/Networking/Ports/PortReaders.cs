using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Ports;

/// <summary>
/// Readers of the attributes only ports have. Source: neutron_lib/api/validators/{__init__,allowedaddresspairs}.py,
/// neutron_lib/api/definitions/extra_dhcp_opt.py.
/// </summary>
internal static class PortReaders
{
    // neutron/conf/extensions/allowedaddresspairs.py, max_allowed_address_pair.
    private const int MaxAddressPairs = 10;
    private const int DhcpNameLength = 64;
    private const int DhcpValueLength = 255;

    /// <summary>Null asks for a new one.</summary>
    public static Reading MacAddress(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new Reading(Mac.Random());
        var mac = value.ValueKind == JsonValueKind.String ? Mac.Normalize(value.GetString()!) : null;
        return CheckMac(mac) ? new Reading(mac) : Reading.Invalid($"'{PythonText.Str(value)}' is not a valid MAC address");
    }

    /// <summary>A list of <see cref="FixedIpRequest"/>.</summary>
    public static Reading FixedIps(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return Reading.Invalid($"Invalid data format for fixed IP: '{PythonText.Str(value)}'");
        var requests = new List<FixedIpRequest>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                return Reading.Invalid($"Invalid data format for fixed IP: '{PythonText.Str(item)}'");
            if (item.Member("ip_address") is { } address && Read.CheckIp(address) is { } badAddress)
                return Reading.Invalid(badAddress);
            if (item.Member("subnet_id") is { } subnet && Read.Uuid(subnet).Reason is { } badSubnet)
                return Reading.Invalid(badSubnet);
            var text = item.StringOrNull("ip_address");
            if (text is not null && requests.Any(other => other.IpAddress == Ip.Parse(text).ToString()))
                return Reading.Invalid($"Duplicate IP address '{text}'");
            requests.Add(new FixedIpRequest(item.StringOrNull("subnet_id"), text is null ? null : Ip.Parse(text).ToString()));
        }

        return new(requests);
    }

    /// <summary>A list of group ids; null reads as empty.</summary>
    public static Reading SecurityGroups(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(new List<string>());
        if (value.ValueKind != JsonValueKind.Array)
            return NeutronErrors.InvalidInput($"'{PythonText.Str(value)}' is not an integer or uuid");
        foreach (var item in value.EnumerateArray())
        {
            if (Read.Uuid(item).Reason is not null)
                return NeutronErrors.InvalidInput($"'{PythonText.Str(item)}' is not an integer or uuid");
        }

        return new(value.EnumerateArray().Select(static item => item.GetString()!).Distinct().ToList());
    }

    /// <summary>A list of <see cref="AddressPair"/>; null reads as empty.</summary>
    public static Reading AddressPairs(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(new List<AddressPair>());
        if (value.ValueKind != JsonValueKind.Array)
            return NeutronErrors.BadRequest("Allowed address pairs must be a list.");
        if (value.GetArrayLength() > MaxAddressPairs)
        {
            return NeutronErrors.Invalid("AllowedAddressPairExhausted",
                $"The number of allowed address pair exceeds the maximum {MaxAddressPairs}.");
        }

        var pairs = new List<AddressPair>();
        foreach (var item in value.EnumerateArray())
        {
            if (ReadPair(item).Failed(out var fault, out var pair))
                return fault;
            if (pairs.Contains(pair))
            {
                return NeutronErrors.Conflict("DuplicateAddressPairInRequest",
                    $"Request contains duplicate address pair: mac_address {pair.MacAddress ?? "None"} ip_address {pair.IpAddress}.");
            }

            pairs.Add(pair);
        }

        return new(pairs);
    }

    /// <summary>A list of <see cref="DhcpOption"/>; a null value asks to remove the option; null reads as empty.</summary>
    public static Reading DhcpOptions(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(new List<DhcpOption>());
        if (value.ValueKind != JsonValueKind.Array)
            return NeutronErrors.InvalidInput($"'{PythonText.Str(value)}' is not a list");
        var options = new List<DhcpOption>();
        foreach (var item in value.EnumerateArray())
        {
            if (ReadDhcpOption(item) is not { } option)
                return NeutronErrors.InvalidInput($"No valid key specs matched for: {PythonText.Str(item)}");
            options.Add(option);
        }

        return new(options);
    }

    private static Outcome<AddressPair> ReadPair(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return NeutronErrors.BadRequest($"Invalid input for allowed_address_pairs. Reason: '{PythonText.Str(item)}' is not a dictionary.");
        if (item.Member("mac_address") is { } mac && MacAddress(mac).Reason is { } badMac)
            return NeutronErrors.BadRequest(badMac);
        if (!item.Has("ip_address"))
            return NeutronErrors.Invalid("AllowedAddressPairsMissingIP", "AllowedAddressPair must contain ip_address");
        var unknown = item.EnumerateObject().Select(static member => member.Name).Where(static name => name is not ("mac_address" or "ip_address")).ToList();
        if (unknown.Count > 0)
            return NeutronErrors.BadRequest($"Unrecognized attribute(s) '{string.Join(", ", unknown)}'");

        var address = item.GetProperty("ip_address");
        var text = PythonText.Str(address);
        if (text.Contains('/', StringComparison.Ordinal))
        {
            if (!Cidr.TryParse(text, out _))
                return NeutronErrors.BadRequest($"'{text}' is not a valid IP subnet");
        }
        else if (Read.CheckIp(address) is { } badIp)
        {
            return NeutronErrors.BadRequest(badIp);
        }

        return new AddressPair(item.StringOrNull("mac_address") is { } given ? Mac.Normalize(given) : null, text);
    }

    private static DhcpOption? ReadDhcpOption(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object
            || item.EnumerateObject().Any(static member => member.Name is not ("opt_name" or "opt_value" or "ip_version")))
        {
            return null;
        }

        if (item.StringOrNull("opt_name") is not { Length: > 0 and <= DhcpNameLength } name || !item.Has("opt_value"))
            return null;
        var version = item.Member("ip_version") is { } given ? Read.TryInteger(given) : 4;
        if (version is not (4 or 6) || name.AsSpan().Trim().IsEmpty || name.AsSpan().ContainsAny('\n', '\r'))
            return null;

        // These two may be blank, which tells dnsmasq to leave the option out.
        var mayBeBlank = name is "router" or "classless-static-route";
        var value = item.GetProperty("opt_value");
        if (value.ValueKind == JsonValueKind.Null)
            return new DhcpOption(name, null, (int)version);
        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: <= DhcpValueLength } text)
            return null;
        return mayBeBlank || (text.Trim().Length > 0 && !text.AsSpan().ContainsAny('\n', '\r')) ? new DhcpOption(name, text, (int)version) : null;
    }

    // netaddr takes multicast addresses too; only these are never a host's.
    private static bool CheckMac(string? mac) => mac is not (null or "00:00:00:00:00:00");
}
