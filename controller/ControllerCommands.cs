using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Settings;
using Appliance.Controller.Link;
using Microsoft.Extensions.Logging.Abstractions;

namespace Appliance.Controller;

/// <summary>The sub-commands of <c>appliance-controller</c>.</summary>
internal static class ControllerCommands
{
    private const string Usage = """
        usage: appliance-controller run --data DIR [options]
               appliance-controller join-token --data DIR [--node NAME] [--hours N]
               appliance-controller routes
               appliance-controller policy explain --rule SERVICE:RULE --roles ROLE,… [options]

        run      serves the cloud
          --data DIR              database, images, keys and certificates
          --https ADDRESS:PORT    HTTPS listener (127.0.0.1:8443); 'none' for none
          --http ADDRESS:PORT     plain HTTP listener for local tools (none)
          --name NAME             further host name or address for the certificate; repeatable
          --client-ca FILE        authorities whose certificates API clients may show, for OAuth 2.0 by mutual TLS (none)
          --public-url URL        base of the URLs in the service catalog (as the client reached us)
          --region NAME           region name (RegionOne)
          --admin-password TEXT   password of the first administrator, new database only (random, in DIR/admin-password)
          --policy FILE           policy overrides, oslo.policy YAML
          --keystone-conf FILE    settings of Identity in Keystone's own form: [identity], [security_compliance], [trust], [unified_limit],
                                  [federation], [oauth2]
          --audit-file FILE       audit events, one JSON object a line (none; GET /appliance/v1/audit/events has them in any case)
          --audit-file-mib N      size at which the file is put aside as FILE.1 (100)
          --audit-files N         how many files put aside are kept (10)
          --audit-logins N        newest authentications kept in the database (100000)
          --log-level LEVEL       trace, debug, information, warning, error (information)
        join-token  prints a token that lets one machine join the cloud as a node, once (appliance-agent run --join-token)
          --data DIR              the controller's folder; the controller may be running
          --node NAME             only for the node of this name, which may exist: the machine takes its place
          --hours N               how long it can be used (24)
        routes   prints every operation: METHOD /path or METHOD /path#action
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        switch (arguments.FirstOrDefault())
        {
            case "run":
                return await ServeAsync(arguments[1..]);
            case "join-token":
                return await JoinTokenCommand.RunAsync(arguments[1..]);
            case "routes":
                return PrintRoutes();
            case "policy" when arguments is [_, "explain", ..]:
                return ExplainPolicy(arguments[2..]);
            case "policy":
                Console.WriteLine(PolicyCommand.Usage);
                return arguments is [_, "--help" or "-h"] ? 0 : 2;
            case "--help" or "-h" or "help":
                Console.WriteLine(Usage);
                return 0;
            default:
                await Console.Error.WriteLineAsync(Usage);
                return 2;
        }
    }

    private static async Task<int> ServeAsync(string[] arguments)
    {
        ControllerOptions options;
        try
        {
            options = Parse(arguments);
        }
        catch (FormatException e)
        {
            await Console.Error.WriteLineAsync($"appliance-controller: {e.Message}\n\n{Usage}");
            return 2;
        }

        await using var host = await ControllerHost.StartAsync(options, TimeProvider.System, CancellationToken.None);
        foreach (var address in host.Addresses)
            Console.WriteLine($"listening on {address}");
        await host.WaitForShutdownAsync(CancellationToken.None);
        return 0;
    }

    private static int PrintRoutes()
    {
        foreach (var operation in ApiEndpoints.Collect(Compose(policyFile: null).Services.All))
            Console.WriteLine(operation);
        return 0;
    }

    private static int ExplainPolicy(string[] arguments)
    {
        try
        {
            Console.Write(PolicyCommand.Explain(arguments, static file => Compose(file).Platform.Policy));
            return 0;
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            Console.Error.WriteLine($"appliance-controller: {e.Message}\n\n{PolicyCommand.Usage}");
            return 2;
        }
    }

    // The services without a database: enough for their route tables and policy defaults.
    private static (Platform Platform, ControllerServices Services) Compose(string? policyFile)
    {
        var options = new ControllerOptions { DataFolder = Path.GetTempPath(), PolicyFile = policyFile };
        var platform = new Platform(options, TimeProvider.System, NullLoggerFactory.Instance);
        return (platform, new ControllerServices(platform, null!));
    }

    private static ControllerOptions Parse(string[] arguments)
    {
        var options = new ControllerOptions { DataFolder = "" };
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : throw new FormatException($"{arguments[i]} needs a value");
            options = arguments[i] switch
            {
                "--data" => options with { DataFolder = Path.GetFullPath(value) },
                "--https" => options with { HttpsListen = value == "none" ? null : value },
                "--http" => options with { HttpListen = value == "none" ? null : value },
                "--name" => options with { ServerNames = [.. options.ServerNames, value] },
                "--client-ca" => options with { ClientAuthoritiesFile = Path.GetFullPath(value) },
                "--public-url" => options with { PublicUrl = value.TrimEnd('/') },
                "--region" => options with { Region = value },
                "--admin-password" => options with { AdminPassword = value },
                "--policy" => options with { PolicyFile = value },
                "--keystone-conf" => options with { Identity = IdentitySettings.Load(value) },
                "--audit-file" => options with { Audit = options.Audit with { FilePath = Path.GetFullPath(value) } },
                "--audit-file-mib" => options with { Audit = options.Audit with { MaxFileBytes = (long)Count(value, 1) << 20 } },
                "--audit-files" => options with { Audit = options.Audit with { KeptFiles = Count(value, 0) } },
                "--audit-logins" => options with { Audit = options.Audit with { KeptAuthentications = Count(value, 1) } },
                "--log-level" when Enum.TryParse<LogLevel>(value, ignoreCase: true, out var level) => options with { LogLevel = level },
                "--log-level" => throw new FormatException($"'{value}' is not a log level"),
                _ => throw new FormatException($"unknown option {arguments[i]}"),
            };
        }

        return options.DataFolder.Length > 0 ? options : throw new FormatException("--data is missing: name the folder to keep state in");
    }

    private static int Count(string text, int min) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= min
            ? count
            : throw new FormatException($"'{text}' is not a number of at least {min}");
}
