using System.Text.Json;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>Readers of the attributes only security groups and rules have. Source: neutron/extensions/securitygroup.py.</summary>
internal static class SecurityGroupReaders
{
    public static Reading Name(JsonElement value)
    {
        if (Read.CheckText(value, StandardAttributes.NameLength) is { } reason)
            return Reading.Invalid(reason);
        return string.Equals(value.GetString(), SecurityGroup.DefaultName, StringComparison.OrdinalIgnoreCase)
            ? SecurityGroupErrors.DefaultExists : new Reading(value.GetString());
    }

    /// <summary>Any value names a group: one that none has is not found rather than malformed.</summary>
    public static Reading GroupId(JsonElement value) => new(PythonText.Str(value));

    public static Reading RemoteGroupId(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null || PythonText.Str(value).Length == 0 ? new Reading(null) : GroupId(value);

    public static Reading EtherType(JsonElement value) => PythonText.Str(value).ToLowerInvariant() switch
    {
        "ipv4" => new Reading("IPv4"),
        "ipv6" => new Reading("IPv6"),
        _ => SecurityGroupErrors.InvalidEtherType(PythonText.Str(value)),
    };

    public static Reading Protocol(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(null);
        var text = PythonText.Str(value);
        if (text == "any")
            return new(null);
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return number is >= 0 and <= 255 ? new Reading(text) : SecurityGroupErrors.InvalidProtocol(text);
        var name = text.ToLowerInvariant();
        return value.ValueKind == JsonValueKind.String && IpProtocols.Numbers.ContainsKey(name) ? new Reading(name) : SecurityGroupErrors.InvalidProtocol(text);
    }

    public static Reading Port(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return new(null);
        return value.ValueKind is JsonValueKind.Number or JsonValueKind.String && Read.TryInteger(value) is >= 0 and <= 65535 and var port
            ? new Reading(port) : NeutronErrors.Invalid("SecurityGroupInvalidPortValue", $"Invalid value for port {PythonText.Str(value)}");
    }

    public static Reading Prefix(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null || (value.ValueKind == JsonValueKind.String && value.GetString()!.Length == 0))
            return new(null);
        var text = PythonText.Str(value);
        if (value.ValueKind == JsonValueKind.String && Cidr.TryParse(text, out var cidr))
            return new(cidr.ToString());
        return value.ValueKind == JsonValueKind.String && Ip.TryParse(text, out var ip)
            ? new Reading(new Cidr(ip, ip.Bits).ToString()) : NeutronErrors.Invalid("InvalidCIDR", $"Invalid CIDR {text} given as IP prefix.");
    }
}
