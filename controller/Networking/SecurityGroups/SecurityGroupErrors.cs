using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>Refusals by upstream's names and texts. Source: neutron/extensions/securitygroup.py.</summary>
internal static class SecurityGroupErrors
{
    public static Fault NotFound(string id) => NeutronErrors.NotFound("SecurityGroupNotFound", $"Security group {id} does not exist");
    public static Fault RuleNotFound(string id) => NeutronErrors.NotFound("SecurityGroupRuleNotFound", $"Security group rule {id} does not exist");
    public static Fault InUse(string id) => NeutronErrors.Conflict("SecurityGroupInUse", $"Security Group {id} in use.");

    public static Fault DefaultExists { get; } = NeutronErrors.Conflict("SecurityGroupDefaultAlreadyExists", "Default security group already exists.");

    public static Fault CannotRemoveDefault { get; } =
        NeutronErrors.Conflict("SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.");

    public static Fault CannotUpdateDefault { get; } =
        NeutronErrors.Conflict("SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.");

    public static Fault MixedState { get; } = NeutronErrors.Conflict("SecurityGroupConflict",
        "Error Cannot apply both stateful and stateless security groups on the same port at the same time while attempting the operation.");

    public static Fault RuleExists(string id) =>
        NeutronErrors.Conflict("SecurityGroupRuleExists", $"Security group rule already exists. Rule id is {id}.");

    public static Fault InvalidProtocol(string protocol) => NeutronErrors.Invalid("SecurityGroupRuleInvalidProtocol",
        $"Security group rule protocol {protocol} not supported. Only protocol values " +
        $"[None, 'any', {string.Join(", ", IpProtocols.Numbers.Keys.Select(static name => $"'{name}'"))}] and integer representations [0 to 255] are supported.");

    public static Fault InvalidEtherType(string etherType) => NeutronErrors.Invalid("SecurityGroupRuleInvalidEtherType",
        $"Security group rule for ethertype '{etherType}' not supported. Allowed values are ['IPv4', 'IPv6'].");

    public static Fault ProtocolRequired { get; } =
        NeutronErrors.Invalid("SecurityGroupProtocolRequiredWithPorts", "Must also specify protocol if port range is given.");

    public static Fault InvalidPortRange { get; } =
        NeutronErrors.Invalid("SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max");

    public static Fault PortZero { get; } = NeutronErrors.Invalid("SecurityGroupInvalidPortValue", "Invalid value for port 0");

    public static Fault InvalidIcmp(string field, string attribute, int value) => NeutronErrors.Invalid("SecurityGroupInvalidIcmpValue",
        $"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.");

    public static Fault MissingIcmpType(int code) => NeutronErrors.Invalid("SecurityGroupMissingIcmpType",
        $"ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing.");

    public static Fault NoPorts(int protocol) => NeutronErrors.Invalid("SecurityGroupInvalidProtocolForPort",
        $"Ports cannot be specified for protocol {protocol}. Ports are only supported for " +
        $"{string.Join(", ", IpProtocols.WithPorts.Select(static name => name.ToUpperInvariant()))}.");

    public static Fault EtherTypeConflict(string etherType, string protocol) => NeutronErrors.Invalid("SecurityGroupEthertypeConflictWithProtocol",
        $"Invalid ethertype {etherType} for protocol {protocol}.");

    public static Fault PrefixConflict(string etherType, string cidr) => NeutronErrors.Invalid("SecurityGroupRuleParameterConflict",
        $"Conflicting value ethertype {etherType} for CIDR {cidr}");

    public static Fault SeveralRemotes { get; } = NeutronErrors.Invalid("SecurityGroupMultipleRemoteEntites",
        "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.");
}
