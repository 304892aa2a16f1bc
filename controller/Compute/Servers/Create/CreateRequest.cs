using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers.Create;

/// <summary>A request for servers, read and checked as far as that goes without looking anything up.</summary>
/// <param name="Zone">Asked for; null: any.</param>
/// <param name="ForcedHost">Node named by an administrator as <c>zone:host</c>.</param>
/// <param name="HintedServers">Ids under <c>same_host</c> and <c>different_host</c>.</param>
internal sealed record CreateRequest(
    string Name, string? Description, string FlavorId, string ImageId, string? KeyName, string? UserDataBase64,
    IReadOnlyDictionary<string, string> Metadata, NetworkRequest Networks, IReadOnlyList<string>? SecurityGroups, string? Zone, string? ForcedHost,
    bool HasConfigDrive, int MinCount, int MaxCount, IReadOnlyList<InjectedFileDocument> Personality, string AdminPassword,
    bool IsDiskConfigAuto, string? AccessIpv4, string? AccessIpv6, SchedulerHints Hints, bool WantsReservationId);

/// <summary>The hints that are acted on; others are accepted and have no effect, as with Nova's default filters.</summary>
internal sealed record SchedulerHints(IReadOnlyList<string> SameHost, IReadOnlyList<string> DifferentHost, string? Group)
{
    public static readonly SchedulerHints None = new([], [], null);
}

/// <summary>Reads the body of <c>POST /servers</c> (nova/api/openstack/compute/servers.py, create).</summary>
internal static class CreateRequestReader
{
    private const int GeneratedPasswordLength = 12;

    // Without 0 O 1 l I, which people confuse: the alphabet of nova/utils.py, generate_password.
    private const string PasswordAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    /// <param name="body">Already checked against <see cref="ServerSchemas"/>.</param>
    public static Outcome<CreateRequest> Read(JsonElement body, bool mayAttachExternal)
    {
        var server = body.GetProperty("server");
        var min = (int)(server.Int64OrNull("min_count") ?? 1);
        var max = (int)(server.Int64OrNull("max_count") ?? min);
        if (min > max)
            return ComputeFaults.Invalid("min_count must be <= max_count");
        if (ReadZone(server.StringOrNull("availability_zone")).Failed(out var badZone, out var zone))
            return badZone;
        if (BootSource.Read(server).Failed(out var badImage, out var image))
            return badImage;
        if (ReadGroups(server) is var groups && ReadNetworks(server, groups, mayAttachExternal).Failed(out var badNetworks, out var networks))
            return badNetworks;

        var name = server.GetProperty("name").GetString()!.Trim();
        return new CreateRequest(
            name, server.StringOrNull("description") ?? (server.Has("description") ? null : name),
            LastSegment(PythonText.Str(server.GetProperty("flavorRef"))), image, server.StringOrNull("key_name"), server.StringOrNull("user_data"),
            ReadMetadata(server), networks, groups, zone.Zone, zone.Host, Flag(server, "config_drive"), min, max, ReadFiles(server),
            server.StringOrNull("adminPass") ?? GeneratePassword(), server.StringOrNull("OS-DCF:diskConfig") == "AUTO",
            AccessAddress.Normalize(server.StringOrNull("accessIPv4")), AccessAddress.Normalize(server.StringOrNull("accessIPv6")), ReadHints(body), Flag(server, "return_reservation_id"));
    }

    /// <summary>Splits <c>zone</c>, <c>zone:host</c> or <c>zone:host:node</c>; a node is its host here.</summary>
    private static Outcome<(string? Zone, string? Host)> ReadZone(string? text)
    {
        if (text is null || !text.Contains(':', StringComparison.Ordinal))
            return (text, null);
        var parts = text.Split(':');
        if (parts.Length > 3)
            return ComputeFaults.Invalid("Invalid input received: Invalid availability_zone: Unable to parse " + text);
        var host = parts[1].Length > 0 ? parts[1] : parts.Length > 2 ? parts[2] : null;
        return (parts[0].Length > 0 ? parts[0] : null, host is { Length: > 0 } ? host : null);
    }

    private static Outcome<NetworkRequest> ReadNetworks(JsonElement server, IReadOnlyList<string>? groups, bool mayAttachExternal)
    {
        var asked = groups ?? [];
        if (server.Member("networks") is not { } networks)
            return new NetworkRequest(NetworkChoice.Default, [], asked, mayAttachExternal);
        if (networks.ValueKind == JsonValueKind.String)
            return new NetworkRequest(
                networks.GetString() == "none" ? NetworkChoice.None : NetworkChoice.Auto, [], asked, mayAttachExternal);

        var nics = new List<RequestedNic>();
        foreach (var network in networks.EnumerateArray())
        {
            if (ReadNic(network, nics).Failed(out var bad, out var nic))
                return bad;
            nics.Add(nic);
        }

        return new NetworkRequest(nics.Count > 0 ? NetworkChoice.Listed : NetworkChoice.Default, nics, asked, mayAttachExternal);
    }

    private static Outcome<RequestedNic> ReadNic(JsonElement network, List<RequestedNic> earlier)
    {
        var (port, fixedIp, tag) = (network.StringOrNull("port"), network.StringOrNull("fixed_ip"), network.StringOrNull("tag"));
        if (port is not null)
        {
            if (earlier.Any(nic => nic.PortId == port))
                return ComputeFaults.Invalid($"Port ID '{port}' was specified twice: you cannot attach a port multiple times.");
            return fixedIp is null
                ? new RequestedNic(null, port, null, tag)
                : ComputeFaults.Invalid(
                    $"Specified Fixed IP '{fixedIp}' cannot be used with port '{port}': the two cannot be specified together.");
        }

        if (network.StringOrNull("uuid") is not { } id)
            return ComputeFaults.Invalid("Bad network format: missing 'uuid'");
        return Guid.TryParse(id, out _)
            ? new RequestedNic(id, null, fixedIp, tag)
            : ComputeFaults.Invalid($"Bad networks format: network uuid is not in proper format ({id})");
    }

    private static List<string>? ReadGroups(JsonElement server) => server.Member("security_groups") is { } groups
        ? [.. groups.EnumerateArray().Select(static group => group.StringOrNull("name")).OfType<string>().Distinct()]
        : null;

    private static Dictionary<string, string> ReadMetadata(JsonElement server) => server.Member("metadata") is { } metadata
        ? metadata.ToMap(static value => value.GetString()!)
        : [];

    private static List<InjectedFileDocument> ReadFiles(JsonElement server) => server.Member("personality") is { } files
        ? [.. files.EnumerateArray().Select(static file => new InjectedFileDocument(file.StringOrNull("path") ?? "", file.StringOrNull("contents") ?? ""))]
        : [];

    private static SchedulerHints ReadHints(JsonElement body)
    {
        var hints = body.Member("os:scheduler_hints") ?? body.Member("OS-SCH-HNT:scheduler_hints");
        return hints is { } given
            ? new SchedulerHints(Ids(given, "same_host"), Ids(given, "different_host"), Ids(given, "group").FirstOrDefault())
            : SchedulerHints.None;
    }

    private static List<string> Ids(JsonElement hints, string name) => hints.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } many => [.. many.EnumerateArray().Select(static id => id.GetString()!)],
        _ => [],
    };

    private static bool Flag(JsonElement server, string name) =>
        server.Member(name) is { } value && ComputeSchemas.ParseBoolean(value) == true;

    // Old clients send the flavor's address instead of its id.
    private static string LastSegment(string reference) => reference.TrimEnd('/').Split('/')[^1];

    private static string GeneratePassword() =>
        System.Security.Cryptography.RandomNumberGenerator.GetString(PasswordAlphabet, GeneratedPasswordLength);
}
