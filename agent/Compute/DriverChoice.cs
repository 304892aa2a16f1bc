using Appliance.Agent.Faults;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>
/// Which driver runs a server: the one that its document, its flavor (extra spec <c>appliance:driver</c>) or its image (property
/// <c>appliance_driver</c>) asks for; else the node's default; else, where that lacks something that the image needs, another that has it.
/// </summary>
internal static class DriverChoice
{
    public const string ExtraSpec = "appliance:driver";
    public const string ImageProperty = "appliance_driver";

    public static Outcome<IServerDriver> Choose(ServerDocument server, string byDefault, IReadOnlyDictionary<string, IServerDriver> drivers)
    {
        var asked = server.Driver ?? server.ExtraSpecs.GetValueOrDefault(ExtraSpec) ?? server.Image?.Properties.GetValueOrDefault(ImageProperty);
        var name = asked ?? byDefault;
        if (!drivers.TryGetValue(name, out var driver))
            return new Fault($"This node has no driver {name}; it has {string.Join(", ", drivers.Keys.Order())}.");
        if (FindObstacle(driver, server) is not { } obstacle)
            return Outcome<IServerDriver>.Of(driver);
        if (asked is not null)
            return new Fault(obstacle);

        var obstacles = new List<string> { obstacle };
        foreach (var other in drivers.Values.Where(other => other != driver && other.HasDevices).OrderBy(static other => other.Report.Name, StringComparer.Ordinal))
        {
            if (FindObstacle(other, server) is not { } further)
                return Outcome<IServerDriver>.Of(other);
            obstacles.Add(further);
        }

        return new Fault(string.Join(' ', obstacles));
    }

    private static string? FindObstacle(IServerDriver driver, ServerDocument server)
    {
        if (!driver.Report.IsUsable)
            return $"The driver {driver.Report.Name} cannot be used on this node: {driver.Report.Reason}";
        return driver.FindObstacle(server) is { } obstacle ? $"The driver {driver.Report.Name} cannot run this server: {obstacle}." : null;
    }
}
