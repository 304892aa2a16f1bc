using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

/// <summary>Documents of servers.</summary>
internal static class Servers
{
    public static ServerDocument New(ImageDocument? image = null, string? driver = null) => new(
        Guid.NewGuid().ToString(), "project", "user", "web", driver, PowerStates.Running, 1, 64, 0, 0, 0, image, [], false,
        new Dictionary<string, string>(),
        new ServerMetadataDocument("web", "nova", null, 0, "m1.tiny", null, new Dictionary<string, string>(), [], [], null, []), []);

    public static Versioned<ServerDocument> At(this ServerDocument document, long generation) => new(generation, document);

    public static ServerDocument Stopped(this ServerDocument document) => document with { PowerState = PowerStates.Stopped };

    public static ServerDocument With(this ServerDocument document, string operationId, string kind) =>
        document with { Operations = [.. document.Operations, new OperationDocument(operationId, kind)] };
}
