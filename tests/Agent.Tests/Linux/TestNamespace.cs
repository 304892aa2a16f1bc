using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Tests.Linux;

/// <summary>A network namespace of one test, removed with it.</summary>
internal sealed class TestNamespace : IDisposable
{
    public TestNamespace()
    {
        Name = TestNames.New();
        Handle = NetworkNamespace.Ensure(Name);
    }

    public string Name { get; }

    public NetworkNamespace Handle { get; }

    public T Run<T>(Func<T> work) => Handle.Run(work);

    public void Run(Action work) => Handle.Run(work);

    /// <summary>Runs a program inside; its output.</summary>
    public string Exec(string commandLine) => Command.Run($"ip netns exec {Name} {commandLine}");

    public (int Code, string Output) TryExec(string commandLine) => Command.Try($"ip netns exec {Name} {commandLine}");

    public void Dispose()
    {
        Handle.Dispose();
        NetworkNamespace.Delete(Name);
    }
}
