using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Servers;

/// <summary>What the networks know of the servers that are shown.</summary>
internal sealed record ServerNetworkFacts(
    IReadOnlyDictionary<string, IReadOnlyList<ServerAddress>> Addresses, IReadOnlyDictionary<string, IReadOnlyList<string>> SecurityGroups)
{
    public static readonly ServerNetworkFacts None = new(
        new Dictionary<string, IReadOnlyList<ServerAddress>>(), new Dictionary<string, IReadOnlyList<string>>());
}

/// <summary>Servers as JSON (nova/api/openstack/compute/views/servers.py).</summary>
/// <param name="showsHost">Policy <c>os-extended-server-attributes</c>.</param>
internal sealed class ServerView(ApiRequest request, bool showsHost)
{
    /// <summary>Name of the root disk in the guest.</summary>
    public const string RootDevice = "/dev/vda";

    private const int HostIdLength = 56;          // as long as the SHA-224 that Nova shows
    private readonly string _selfPrefix = request.BaseUrl + "/v2.1/servers/";
    private readonly string _bookmarkPrefix = request.BaseUrl + "/servers/";
    private readonly Dictionary<(string Project, string Node), string> _hostIds = [];

    public static ServerView For(ApiRequest request, PolicyEngine policy) => new(request,
        policy.Allows("nova", "os_compute_api:os-extended-server-attributes", request.Caller, PolicyTarget.Of(request.Caller)));

    public void WriteBrief(Utf8JsonWriter json, Server server)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, server.Id);
        json.WriteString("name"u8, server.Name);
        WriteLinks(json, server);
        json.WriteEndObject();
    }

    public void WriteFull(Utf8JsonWriter json, Server server, ServerNetworkFacts facts)
    {
        json.WriteStartObject();
        WriteCore(json, server, facts, withAddressDetails: true);
        json.WriteString("OS-EXT-AZ:availability_zone"u8, server.Zone ?? "");
        json.WriteString("config_drive"u8, server.HasConfigDrive ? "True" : "");
        json.WriteString("key_name"u8, server.KeyName);
        WriteInstant(json, "OS-SRV-USG:launched_at"u8, server.LaunchedAt);
        WriteInstant(json, "OS-SRV-USG:terminated_at"u8, server.TerminatedAt);
        WriteSecurityGroups(json, server, facts);
        if (showsHost)
        {
            json.WriteString("OS-EXT-SRV-ATTR:host"u8, server.NodeName);
            json.WriteString("OS-EXT-SRV-ATTR:instance_name"u8, server.InstanceName);
            json.WriteString("OS-EXT-SRV-ATTR:hypervisor_hostname"u8, server.NodeName);
        }

        json.WriteString("OS-EXT-STS:task_state"u8, server.TaskState);
        json.WriteString("OS-EXT-STS:vm_state"u8, server.VmState);
        json.WriteNumber("OS-EXT-STS:power_state"u8, server.PowerState);
        json.WriteStartArray("os-extended-volumes:volumes_attached"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What updating a server answers: without the attributes that were extensions once.</summary>
    public void WriteUpdated(Utf8JsonWriter json, Server server, ServerNetworkFacts facts)
    {
        json.WriteStartObject();
        WriteCore(json, server, facts, withAddressDetails: false);
        json.WriteEndObject();
    }

    private void WriteCore(Utf8JsonWriter json, Server server, ServerNetworkFacts facts, bool withAddressDetails)
    {
        var status = server.Status;
        json.WriteString("id"u8, server.Id);
        json.WriteString("name"u8, server.Name);
        json.WriteString("status"u8, status);
        json.WriteString("tenant_id"u8, server.ProjectId);
        json.WriteString("user_id"u8, server.UserId);
        json.WritePropertyName("metadata"u8);
        json.WriteRawValue(server.Metadata, skipInputValidation: true);
        json.WriteString("hostId"u8, HostId(server));
        WriteImage(json, server);
        WriteFlavor(json, server);
        json.WriteString("created"u8, Timestamps.Seconds(server.CreatedAt));
        json.WriteString("updated"u8, Timestamps.Seconds(server.UpdatedAt));
        ServerAddressView.Write(json, server, facts, withAddressDetails);
        json.WriteString("accessIPv4"u8, server.AccessIpv4 ?? "");
        json.WriteString("accessIPv6"u8, server.AccessIpv6 ?? "");
        WriteLinks(json, server);
        json.WriteString("OS-DCF:diskConfig"u8, server.IsDiskConfigAuto ? "AUTO" : "MANUAL");
        if (status is "ACTIVE" or "BUILD")
            json.WriteNumber("progress"u8, 0);
        if (status is "ERROR" or "DELETED" && server.Fault is { } fault)
            WriteFault(json, fault);
    }

    private void WriteFault(Utf8JsonWriter json, ServerFault fault)
    {
        json.WriteStartObject("fault"u8);
        json.WriteNumber("code"u8, fault.Code);
        json.WriteString("created"u8, Timestamps.Seconds(fault.At));
        json.WriteString("message"u8, fault.Message);
        if (fault.Details is { } details && (request.Caller.IsAdmin || fault.Code != 500))
            json.WriteString("details"u8, details);
        json.WriteEndObject();
    }

    private void WriteImage(Utf8JsonWriter json, Server server)
    {
        if (server.ImageId is not { } image)
        {
            json.WriteString("image"u8, "");
            return;
        }

        json.WriteStartObject("image"u8);
        json.WriteString("id"u8, image);
        ComputeLinks.WriteBookmarkOnly(json, request, "images", image);
        json.WriteEndObject();
    }

    private void WriteFlavor(Utf8JsonWriter json, Server server)
    {
        json.WriteStartObject("flavor"u8);
        json.WriteString("id"u8, server.Size.FlavorId);
        ComputeLinks.WriteBookmarkOnly(json, request, "flavors", server.Size.FlavorId);
        json.WriteEndObject();
    }

    private void WriteLinks(Utf8JsonWriter json, Server server)
    {
        json.WriteStartArray("links"u8);
        WriteLink(json, "self"u8, _selfPrefix + server.Id);
        WriteLink(json, "bookmark"u8, _bookmarkPrefix + server.Id);
        json.WriteEndArray();
    }

    private static void WriteLink(Utf8JsonWriter json, ReadOnlySpan<byte> relation, string address)
    {
        json.WriteStartObject();
        json.WriteString("rel"u8, relation);
        json.WriteString("href"u8, address);
        json.WriteEndObject();
    }

    private static void WriteSecurityGroups(Utf8JsonWriter json, Server server, ServerNetworkFacts facts)
    {
        if (!facts.SecurityGroups.TryGetValue(server.Id, out var groups) || groups.Count == 0)
            return;
        json.WriteStartArray("security_groups"u8);
        foreach (var group in groups)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, group);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteInstant(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? instant)
    {
        if (instant is { } at)
            json.WriteString(name, Timestamps.MicrosNoZone(at));
        else
            json.WriteNull(name);
    }

    // The same for two servers of one project exactly when they share a node; tells nobody which node it is.
    private string HostId(Server server)
    {
        if (server.NodeName is not { } node)
            return "";
        if (!_hostIds.TryGetValue((server.ProjectId, node), out var id))
        {
            id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(server.ProjectId + node)))[..HostIdLength];
            _hostIds[(server.ProjectId, node)] = id;
        }

        return id;
    }
}
