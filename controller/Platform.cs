using Appliance.Controller.Data;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Work;

namespace Appliance.Controller;

/// <summary>The shared ground every service stands on.</summary>
internal sealed class Platform(ControllerOptions options, TimeProvider clock, ILoggerFactory logs)
{
    public ControllerOptions Options => options;
    public TimeProvider Clock => clock;
    public ILoggerFactory Logs => logs;
    public Database Database { get; } = new(options.DatabasePath);
    public ChangeLog Changes { get; } = new(clock);
    public PolicyEngine Policy { get; } = new(options.PolicyFile, clock, logs.CreateLogger<PolicyEngine>());
    public AuthenticationLog Authentications => field ??= new AuthenticationLog(Database, Changes, clock, logs.CreateLogger<AuthenticationLog>());
    public Workflows Workflows => field ??= new Workflows(Database, clock, logs.CreateLogger<Workflows>());

    /// <summary>A background loop, started by its service.</summary>
    public Reconciler CreateReconciler(string name, TimeSpan period, Func<CancellationToken, Task> pass) =>
        new(name, period, pass, clock, logs.CreateLogger<Reconciler>());
}
