using System.Diagnostics.CodeAnalysis;
using Appliance.Agent.Link;
using Appliance.Agent.Logging;
using Appliance.Agent.Network.Plan;

namespace Appliance.Agent.Commands;

/// <summary>What an operator can set.</summary>
internal sealed record AgentOptions
{
    public const string Help = """
          --controller URL           the site's controller, https://HOST[:8443]
          --data DIR                 state of this node: identity, documents, images, disks
          --join-token TOKEN         from 'appliance-controller join-token'; needed once, ignored afterwards
          --join-token-file FILE     the same, from a file
          --name NAME                what the node is called (the machine's host name)
          --tunnel-address ADDRESS   this node's address in the network between the nodes (the one the controller is reached from)
          --physical-network MAP     how a provider network is reached; repeatable. LABEL=IF: the interface or bridge that leads there.
                                     LABEL=IF,ADDRESS/LENGTH[,masquerade]: the interface to make, for this machine itself to be on it
          --driver NAME              how servers run that ask for nothing else: kvm, qemu or simulated (best: kvm where the processor has
                                     hardware virtualization, else qemu)
          --cpus N --memory-mib N --disk-gib N
                                     capacity to report instead of the machine's, for simulated nodes
          --log-level LEVEL          debug, information, warning, error (information)
        """;

    public string DataFolder { get; private set; } = "";
    public ControllerAddress? Controller { get; private set; }
    public JoinToken? JoinToken { get; private set; }
    public string HostName { get; private set; } = Environment.MachineName;

    /// <summary>Null: the address the controller is reached from.</summary>
    public string? TunnelAddress { get; set; }

    public IReadOnlyList<ProviderMapping> PhysicalNetworks { get; private set; } = [];

    /// <summary>Let the node decide.</summary>
    public const string BestDriver = "best";

    public string Driver { get; set; } = BestDriver;
    public int? Cpus { get; private set; }
    public int? MemoryMiB { get; private set; }
    public int? DiskGiB { get; private set; }
    public LogLevel LogLevel { get; private set; } = LogLevel.Information;

    /// <summary>False with the reason, which names the option.</summary>
    public static bool TryParse(string[] arguments, [NotNullWhen(true)] out AgentOptions? options, [NotNullWhen(false)] out string? error)
    {
        options = new AgentOptions();
        error = null;
        for (var i = 0; i < arguments.Length && error is null; i += 2)
            error = i + 1 < arguments.Length ? options.Set(arguments[i], arguments[i + 1]) : $"'{arguments[i]}' needs a value";
        if (error is null && options.DataFolder.Length == 0)
            error = "--data DIR is missing";
        if (error is not null)
            options = null;
        return error is null;
    }

    // Null when it was understood.
    private string? Set(string name, string value)
    {
        switch (name)
        {
            case "--data":
                DataFolder = Path.GetFullPath(value);
                return null;
            case "--controller":
                Controller = ControllerAddress.TryParse(value, out var controller) ? controller : null;
                return Controller is null ? $"--controller '{value}' is not like https://10.0.0.1:8443" : null;
            case "--join-token":
                return SetToken(value, name);
            case "--join-token-file":
                return File.Exists(value) ? SetToken(File.ReadAllText(value), name) : $"--join-token-file: there is no file '{value}'";
            case "--name":
                HostName = value;
                return value.Length is > 0 and <= 63 && value.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')
                    ? null
                    : $"--name '{value}' is not a host name";
            case "--tunnel-address":
                TunnelAddress = value;
                return System.Net.IPAddress.TryParse(value, out _) ? null : $"--tunnel-address '{value}' is not an address";
            case "--physical-network":
                return AddPhysicalNetwork(value);
            case "--driver":
                Driver = value;
                return value is BestDriver or "kvm" or "qemu" or "simulated" ? null : $"--driver '{value}' is none of kvm, qemu, simulated, {BestDriver}";
            case "--log-level":
                return Enum.TryParse<LogLevel>(value, ignoreCase: true, out var level) ? Keep(LogLevel = level) : $"--log-level '{value}' is unknown";
            default:
                return SetNumber(name, value);
        }
    }

    private string? AddPhysicalNetwork(string value)
    {
        if (!ProviderMapping.TryParse(value, out var mapping))
            return $"--physical-network '{value}' is not like public=eth1 or public=apub0,172.24.4.1/24,masquerade";
        if (PhysicalNetworks.Any(present => present.Label == mapping.Label))
            return $"--physical-network '{value}': the label is mapped already";

        PhysicalNetworks = [.. PhysicalNetworks, mapping];
        return null;
    }

    private string? SetNumber(string name, string value)
    {
        if (name is not ("--cpus" or "--memory-mib" or "--disk-gib"))
            return $"'{name}' is unknown";
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            return $"{name} '{value}' is not a number above 0";

        return name switch
        {
            "--cpus" => Keep(Cpus = number),
            "--memory-mib" => Keep(MemoryMiB = number),
            _ => Keep(DiskGiB = number),
        };
    }

    private string? SetToken(string text, string name)
    {
        JoinToken = Link.JoinToken.TryParse(text, out var token) ? token : null;
        return JoinToken is null ? $"{name}: that is no join token; get one with 'appliance-controller join-token'" : null;
    }

    private static string? Keep<T>(T _) => null;
}
