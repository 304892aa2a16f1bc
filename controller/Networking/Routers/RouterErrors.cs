using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.Routers;

/// <summary>Refusals by upstream's names and texts. Source: neutron_lib/exceptions/{l3,extraroute}.py, neutron/db/l3_db.py.</summary>
internal static class RouterErrors
{
    public static Fault NotFound(string id) => NeutronErrors.NotFound("RouterNotFound", $"Router {id} could not be found");
    public static Fault Bad(string message) => NeutronErrors.Invalid("BadRequest", $"Bad router request: {message}.");

    public static Fault InUse(string id, IEnumerable<string> portIds) =>
        NeutronErrors.Conflict("RouterInUse", $"Router {id} has ports still attached: {string.Join(", ", portIds)}");

    public static Fault GatewayInUse(string id, string networkId) => NeutronErrors.Conflict("RouterExternalGatewayInUseByFloatingIp",
        $"Gateway cannot be updated for router {id}, since a gateway to external network {networkId} is required by one or more floating IPs.");

    public static Fault NoInterface(string id, string portId) =>
        NeutronErrors.NotFound("RouterInterfaceNotFound", $"Router {id} does not have an interface with id {portId}");

    public static Fault NoInterfaceOn(string id, string subnetId) =>
        NeutronErrors.NotFound("RouterInterfaceNotFoundForSubnet", $"Router {id} has no interface on subnet {subnetId}");

    public static Fault InterfaceInUse(string id, string subnetId) => NeutronErrors.Conflict("RouterInterfaceInUseByFloatingIP",
        $"Router interface for subnet {subnetId} on router {id} cannot be deleted, as it is required by one or more floating IPs.");

    public static Fault InterfaceInUseByRoute(string id, string subnetId) => NeutronErrors.Conflict("RouterInterfaceInUseByRoute",
        $"Router interface for subnet {subnetId} on router {id} cannot be deleted, as it is required by one or more routes.");

    public static Fault InvalidRoutes(string routes, string reason) =>
        NeutronErrors.Invalid("InvalidRoutes", $"Invalid format for routes: {routes}, {reason}");

    public static Fault RoutesExhausted(string id, int max) => NeutronErrors.Invalid("RoutesExhausted",
        $"Unable to complete operation for {id}. The number of routes exceeds the maximum {max}.");

    public static Fault PortInUse(string portId, string networkId, string deviceId) => NeutronErrors.Conflict("PortInUse",
        $"Unable to complete operation on port {portId} for network {networkId}. Port already has an attached device {deviceId}.");
}
