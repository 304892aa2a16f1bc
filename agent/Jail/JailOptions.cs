namespace Appliance.Agent.Jail;

/// <summary>How this agent starts jailed programs.</summary>
/// <param name="Launcher">Path of the agent's own executable, whose <c>jail</c> command goes before every program.</param>
/// <param name="ToolUserId">User and group id that image tools run as; not in the range of the guests.</param>
internal sealed record JailOptions(string Launcher, int ToolUserId = 199_999)
{
    /// <summary>The ordinary case: this process is the agent's executable.</summary>
    public static JailOptions OfThisProcess() => new(Environment.ProcessPath!);

    /// <summary>What a launched agent needs of this one's environment: where its runtime is, when it is not a native executable.</summary>
    public IReadOnlyList<string> LauncherEnvironment { get; } =
        Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root
            ? ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", $"DOTNET_ROOT={root}"]
            : ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"];
}
