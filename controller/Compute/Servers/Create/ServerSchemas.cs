using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>Request bodies of servers (nova/api/openstack/compute/schemas/servers.py).</summary>
internal static class ServerSchemas
{
    private const int MaxUserData = 65_535;

    public static readonly JsonSchema Create = Root(CreateProperties());
    public static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("server", UpdateProperties());
    public static readonly JsonSchema Start = Argument("os-start");
    public static readonly JsonSchema Stop = Argument("os-stop");
    public static readonly JsonSchema Reboot = JsonSchema.Object.Closed().Required("reboot", JsonSchema.Object.Closed()
        .Required("type", JsonSchema.String().Values("HARD", "Hard", "hard", "SOFT", "Soft", "soft")));
    public static readonly JsonSchema ResetState = JsonSchema.Object.Closed().Required("os-resetState", JsonSchema.Object.Closed()
        .Required("state", JsonSchema.String().Values("active", "error")));
    public static readonly JsonSchema Metadata = JsonSchema.Object.Closed().Required("metadata", ComputeSchemas.Metadata);
    public static readonly JsonSchema MetadataItem = JsonSchema.Object.Closed().Required("meta", ComputeSchemas.Metadata.Properties(1, 1));
    public static readonly JsonSchema ConsoleOutput = JsonSchema.Object.Closed().Required("os-getConsoleOutput", JsonSchema.Object.Closed()
        .Property("length", JsonSchema.Of("integer", "string", "null").Pattern("^-?[0-9]+$").Rule(static value =>
            long.TryParse(PythonText.Str(value), out var length) && length < -1 ? $"{PythonText.Repr(value)} is less than the minimum of -1" : null)));
    public static readonly JsonSchema AddSecurityGroup = SecurityGroupAction("addSecurityGroup");
    public static readonly JsonSchema RemoveSecurityGroup = SecurityGroupAction("removeSecurityGroup");

    public static JsonSchema IpAddress => JsonSchema.String().OneOf(
        JsonSchema.String().Format("ipv4", static text => IsAddress(text, AddressFamily.InterNetwork)),
        JsonSchema.String().Format("ipv6", static text => IsAddress(text, AddressFamily.InterNetworkV6)));

    private static JsonSchema Root(JsonSchema server) => JsonSchema.Object.Closed()
        .Required("server", server)
        .Property("os:scheduler_hints", Hints())
        .Property("OS-SCH-HNT:scheduler_hints", Hints());

    private static JsonSchema CreateProperties() => JsonSchema.Object.Closed()
        .Required("name", ComputeSchemas.Name)
        .Required("flavorRef", JsonSchema.Of("string", "integer").Length(1, null))
        .Property("imageRef", JsonSchema.Any.OneOf(ComputeSchemas.Uuid, JsonSchema.String(max: 0)))
        .Property("adminPass", JsonSchema.String())
        .Property("metadata", ComputeSchemas.Metadata)
        .Property("networks", JsonSchema.Array(Network()))
        .Property("OS-DCF:diskConfig", DiskConfig())
        .Property("accessIPv4", Ipv4())
        .Property("accessIPv6", Ipv6())
        .Property("personality", JsonSchema.Array(JsonSchema.Object.Closed()
            .Property("path", JsonSchema.String())
            .Property("contents", Base64())))
        .Property("availability_zone", ComputeSchemas.Name)
        .Property("block_device_mapping", JsonSchema.Array(JsonSchema.Object))
        .Property("block_device_mapping_v2", JsonSchema.Array(BlockDevice()))
        .Property("config_drive", ComputeSchemas.Boolean)
        .Property("key_name", ComputeSchemas.Name)
        .Property("min_count", ComputeSchemas.IntegerOrDigits(1))
        .Property("max_count", ComputeSchemas.IntegerOrDigits(1))
        .Property("return_reservation_id", ComputeSchemas.Boolean)
        .Property("security_groups", JsonSchema.Array(JsonSchema.Object.Closed().Property("name", ComputeSchemas.Name)))
        .Property("user_data", Base64().Length(null, MaxUserData));

    private static JsonSchema UpdateProperties() => JsonSchema.Object.Closed()
        .Property("name", ComputeSchemas.Name)
        .Property("OS-DCF:diskConfig", DiskConfig())
        .Property("accessIPv4", Ipv4())
        .Property("accessIPv6", Ipv6());

    private static JsonSchema Network() => JsonSchema.Object.Closed()
        .Property("fixed_ip", IpAddress)
        .Property("port", JsonSchema.NullableString().Format("uuid", static text => Guid.TryParse(text, out _)))
        .Property("uuid", JsonSchema.String());

    private static JsonSchema BlockDevice() => JsonSchema.Object.Closed()
        .Property("virtual_name", JsonSchema.String(max: 255)).Property("volume_id", ComputeSchemas.Uuid)
        .Property("snapshot_id", ComputeSchemas.Uuid).Property("volume_size", JsonSchema.Of("integer", "string").Pattern("^[0-9]+$"))
        .Property("device_name", JsonSchema.String(1, 255).Pattern("^[a-zA-Z0-9._/-]*$"))
        .Property("delete_on_termination", ComputeSchemas.Boolean).Property("no_device", JsonSchema.Any)
        .Property("connection_info", JsonSchema.String())
        .Property("source_type", JsonSchema.String().Values("volume", "image", "snapshot", "blank"))
        .Property("uuid", JsonSchema.String(1, 255).Pattern("^[a-zA-Z0-9._-]*$"))
        .Property("image_id", ComputeSchemas.Uuid)
        .Property("destination_type", JsonSchema.String().Values("local", "volume"))
        .Property("guest_format", JsonSchema.String(max: 255)).Property("device_type", JsonSchema.String(max: 255))
        .Property("disk_bus", JsonSchema.String(max: 255))
        .Property("boot_index", JsonSchema.Of("integer", "string", "null").Pattern("^-?[0-9]+$"));

    private static JsonSchema Hints() => JsonSchema.Object
        .Property("group", UuidOrList())
        .Property("different_host", UuidOrList())
        .Property("same_host", JsonSchema.Of("string", "array").Items(ComputeSchemas.Uuid))
        .Property("query", JsonSchema.Of("string", "object"))
        .Property("target_cell", ComputeSchemas.Name)
        .Property("different_cell", JsonSchema.Of("string", "array").Items(JsonSchema.String()))
        .Property("build_near_host_ip", IpAddress)
        .Property("cidr", JsonSchema.String().Pattern("^/[0-9a-f.:]+$"));

    private static JsonSchema UuidOrList() => JsonSchema.Any.OneOf(ComputeSchemas.Uuid, JsonSchema.Array(ComputeSchemas.Uuid));
    private static JsonSchema DiskConfig() => JsonSchema.String().Values("AUTO", "MANUAL");
    private static JsonSchema Ipv4() => JsonSchema.String().Format("ipv4", static text => IsAddress(text, AddressFamily.InterNetwork));
    private static JsonSchema Ipv6() => JsonSchema.String().Format("ipv6", static text => IsAddress(text, AddressFamily.InterNetworkV6));

    private static JsonSchema Base64() => JsonSchema.String().Format("base64",
        static text => Convert.TryFromBase64String(text, new byte[(text.Length * 3 / 4) + 3], out _));

    private static JsonSchema Argument(string action) => JsonSchema.Object.Closed().Required(action, JsonSchema.Any);

    private static JsonSchema SecurityGroupAction(string action) => JsonSchema.Object.Required(action, JsonSchema.Object
        .Required("name", JsonSchema.String(1)));

    private static bool IsAddress(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == family
        // "10.1" is an address to the parser and none to anybody else.
        && (family != AddressFamily.InterNetwork || text.Count(static character => character == '.') == 3);
}
