using System.Text;
using System.Text.Json;
using Appliance.Controller.Compute.Servers.Actions;
using Appliance.Controller.Compute.Servers.Create;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Link;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Compute.Servers.Consoles;

/// <summary>
/// Compute API: "Show console output" and "Server consoles". Behaviour: nova/api/openstack/compute/console_output.py, remote_consoles.py. The
/// serial console is the one there is.
/// </summary>
internal sealed class ConsoleRoutes(ServerContext context)
{
    // A screen of a chatty guest's boot; the node keeps more, and a caller who wants all of it gets what the node keeps.
    private const int MaxLogBytes = 1 << 20;
    private const string ConsolePolicy = "os_compute_api:os-remote-consoles";

    private static readonly JsonSchema SerialConsole = JsonSchema.Object.Closed().Required("os-getSerialConsole", JsonSchema.Object.Closed()
        .Required("type", JsonSchema.String().Values("serial")));

    private static readonly JsonSchema RemoteConsole = JsonSchema.Object.Closed().Required("remote_console", JsonSchema.Object.Closed()
        .Required("protocol", JsonSchema.String().Values("vnc", "spice", "rdp", "serial", "mks"))
        .Required("type", JsonSchema.String().Values("novnc", "xvpvnc", "spice-html5", "rdp-html5", "serial", "webmks")));

    public void Map(ApiRoutes v21)
    {
        v21.Action("/servers/{server_id}/action", "os-getConsoleOutput", GetLogAsync).Allow("os_compute_api:os-console-output");
        v21.Action("/servers/{server_id}/action", "os-getSerialConsole", GetSerialAsync).Allow(ConsolePolicy);
        v21.Post("/servers/{server_id}/remote-consoles", CreateAsync).Allow(ConsolePolicy);
    }

    private async Task<ApiResult> GetLogAsync(ApiRequest request, CancellationToken ct)
    {
        if (ServerSchemas.ConsoleOutput.Refuses(request.ActionBody, out var invalid))
            return invalid;
        if ((await FindReadyAsync(request, ct)).Failed(out var refused, out var server))
            return refused;
        var lines = request.ActionArgument("os-getConsoleOutput").Int64OrNull("length");
        try
        {
            var arguments = JsonSerializer.SerializeToElement(
                new ConsoleLogArguments(server.Id, MaxLogBytes), ProtocolJson.Default.ConsoleLogArguments);
            var answer = await context.Hosts.Nodes.RequestAsync(server.NodeId!, LinkMethods.ConsoleLog, arguments, ct);
            if (answer.Error is not null || answer.Result is not { } result)
                return ComputeFaults.NotFound("Guest does not have a console available.");
            var bytes = Convert.FromBase64String(result.Deserialize(ProtocolJson.Default.ConsoleLogResult)!.Base64);
            return Log(ConsoleText.LastLines(Encoding.UTF8.GetString(bytes), lines));
        }
        catch (NodeUnreachableException e)
        {
            return new Fault(FaultKind.Unavailable, "The host of this server does not answer; try again when it is back.", e.Message);
        }
    }

    private async Task<ApiResult> GetSerialAsync(ApiRequest request, CancellationToken ct)
    {
        if (request.Version >= ComputeVersions.RemoteConsoles)
            return ComputeFaults.NotInVersion;
        if (SerialConsole.Refuses(request.ActionBody, out var invalid))
            return invalid;
        if ((await OpenAsync(request, ct)).Failed(out var refused, out var url))
            return refused;
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("console");
            json.WriteString("type", "serial");
            json.WriteString("url", url);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if (request.Version < ComputeVersions.RemoteConsoles)
            return ComputeFaults.NotInVersion;
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (RemoteConsole.Refuses(body, out var invalid))
            return invalid;
        var asked = body.GetProperty("remote_console");
        var (protocol, type) = (asked.StringOrNull("protocol"), asked.StringOrNull("type"));
        if (protocol != "serial" || type != "serial")
            return ComputeFaults.Invalid($"Unavailable console type {type}.");
        if ((await OpenAsync(request, ct)).Failed(out var refused, out var url))
            return refused;
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("remote_console");
            json.WriteString("protocol", protocol);
            json.WriteString("type", type);
            json.WriteString("url", url);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private async Task<Outcome<string>> OpenAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await FindReadyAsync(request, ct)).Failed(out var refused, out var server))
            return refused;
        var token = await context.Database.WriteAsync((tx, token) =>
            ConsoleTokens.CreateAsync(tx, server.Id, context.Clock.GetUtcNow(), token), ct);
        var scheme = request.Http.Request.IsHttps ? "wss" : "ws";
        return $"{scheme}://{request.Http.Request.Host}{SerialConsoleEndpoint.Path}?token={token}";
    }

    private Task<Outcome<Server>> FindReadyAsync(ApiRequest request, CancellationToken ct) => context.Database.ReadAsync<Outcome<Server>>(async (tx, token) =>
    {
        var id = request.Path("server_id");
        if (await ServerStore.FindAsync(tx, request.Caller, id, token) is not { } server)
            return ComputeFaults.NoInstance(id);
        return ServerActionRules.CheckConsole(server) is { } refused ? refused : server;
    }, ct);

    private static ApiResult Log(string text) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteString("output", text);
        json.WriteEndObject();
    });
}
