using Appliance.Linux.Libc;

namespace Appliance.Linux.Namespaces;

/// <summary>
/// A network namespace held by a descriptor. Named ones are bind mounts in <c>/run/netns</c>, as <c>ip netns</c> makes them, and live
/// until <see cref="Delete"/>, whoever ends first. <see cref="Run{T}"/> works inside on a thread of its own; sockets opened there stay
/// in the namespace and can be used from any thread.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    /// <summary>Where named namespaces are mounted; <c>ip netns</c> looks here too.</summary>
    public const string Folder = "/run/netns";

    private const string OfThisThread = "/proc/thread-self/ns/net";

    private NetworkNamespace(string name, Fd descriptor) => (Name, Descriptor) = (name, descriptor);

    /// <summary>The name under <see cref="Folder"/>; for messages only when the namespace has none.</summary>
    public string Name { get; }

    /// <summary>For the netlink attributes that move a link (IFLA_NET_NS_FD).</summary>
    public Fd Descriptor { get; }

    /// <summary>Which namespace it is, for example <c>net:[4026532281]</c>: one made anew under an old name has another.</summary>
    public string? Identity => new FileInfo($"/proc/self/fd/{Descriptor.Number}").LinkTarget;

    /// <summary>The namespace that this thread is in.</summary>
    public static NetworkNamespace Current() => new("current", Files.Open(OfThisThread, Files.O_RDONLY));

    /// <summary>The namespace of a process.</summary>
    public static NetworkNamespace OfProcess(int processId) =>
        new($"pid {processId}", Files.Open($"/proc/{processId}/ns/net", Files.O_RDONLY));

    /// <summary>A named namespace; null when none has the name.</summary>
    public static NetworkNamespace? Find(string name)
    {
        // A crash between making the file and mounting the namespace leaves an ordinary file.
        if (!NamespaceMount.IsMounted(PathOf(name)))
            return null;

        var errno = Files.TryOpen(PathOf(name), Files.O_RDONLY, 0, out var descriptor);
        return errno switch
        {
            Errno.None => new(name, descriptor),
            Errno.ENOENT => null,
            _ => throw new LinuxException($"open {PathOf(name)}", errno),
        };
    }

    /// <summary>The named namespace, made when it does not exist; its loopback interface is down.</summary>
    public static NetworkNamespace Ensure(string name)
    {
        if (Find(name) is { } existing)
            return existing;

        NamespaceMount.Create(Folder, PathOf(name));
        return Find(name) ?? throw new InvalidOperationException($"Network namespace {name} vanished while it was made.");
    }

    /// <summary>Removes the name. The namespace ends when no process and no descriptor holds it. Nothing happens when the name is unknown.</summary>
    public static void Delete(string name) => NamespaceMount.Delete(PathOf(name));

    /// <summary>Names of all named namespaces of this machine.</summary>
    public static IReadOnlyList<string> List() =>
        Directory.Exists(Folder) ? [.. Directory.EnumerateFiles(Folder).Select(path => Path.GetFileName(path))] : [];

    /// <summary>
    /// Runs inside the namespace, on a thread made for it, and returns the result; blocks meanwhile. An exception comes out as it is.
    /// <c>/proc/sys/net</c> and <c>/proc/thread-self/net</c> are the namespace's; <c>/sys/class/net</c> is not. The work must not start
    /// tasks, timers or asynchronous socket operations: a pool thread made for them would stay in the namespace.
    /// </summary>
    public T Run<T>(Func<T> work) => DedicatedThread.Run($"netns {Name}", () =>
    {
        NamespaceCalls.SetNamespace(Descriptor, NamespaceCalls.CLONE_NEWNET, $"enter network namespace {Name}");
        return work();
    });

    /// <summary>As <see cref="Run{T}"/>, without a result.</summary>
    public void Run(Action work) => Run(() =>
    {
        work();
        return 0;
    });

    public void Dispose() => Descriptor.Dispose();

    private static string PathOf(string name) => $"{Folder}/{name}";
}
