using Appliance.Controller.Http;

namespace Appliance.Controller.Networking;

/// <summary>
/// The refusals that several resources share, by upstream's exception names and texts. Source: neutron_lib/exceptions/__init__.py. What only
/// one resource says stands beside that resource.
/// </summary>
internal static class NeutronErrors
{
    public static Fault BadRequest(string message) => new(FaultKind.Invalid, message, Code: "HTTPBadRequest");
    public static Fault InvalidInput(string message) => new(FaultKind.Invalid, $"Invalid input for operation: {message}.", Code: "InvalidInput");
    public static Fault Invalid(string type, string message) => new(FaultKind.Invalid, message, Code: type);
    public static Fault Conflict(string type, string message) => new(FaultKind.Conflict, message, Code: type);
    public static Fault NotFound(string type, string message) => new(FaultKind.NotFound, message, Code: type);
    public static Fault HttpNotFound { get; } = new(FaultKind.NotFound, "The resource could not be found.", Code: "HTTPNotFound");

    /// <summary>A policy rule denies; the rule becomes the message as oslo.policy words it.</summary>
    public static Fault Forbidden(string rule) => new(FaultKind.Forbidden, rule, Code: rule);

    public static Fault NetworkNotFound(string id) => NotFound("NetworkNotFound", $"Network {id} could not be found.");
    public static Fault SubnetNotFound(string id) => NotFound("SubnetNotFound", $"Subnet {id} could not be found.");
    public static Fault PortNotFound(string id) => NotFound("PortNotFound", $"Port {id} could not be found.");

    public static Fault IpAddressInUse(string subnetId, string address) => Conflict("IpAddressAlreadyAllocated",
        $"IP address {address} already allocated in subnet {subnetId}");

    public static Fault OverQuota(string resource) => new(FaultKind.OverQuota, $"Quota exceeded for resources: ['{resource}'].", Code: "OverQuota");
}
