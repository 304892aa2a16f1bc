namespace Appliance.Agent.Tests.Compute;

/// <summary>A folder that goes with the test. Its path is short: Unix sockets below it must fit in 108 bytes.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("agent-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
