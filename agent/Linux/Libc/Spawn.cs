using System.Runtime.InteropServices;
using Appliance.Linux.Namespaces;

namespace Appliance.Linux.Libc;

/// <summary>
/// Starts a program with exactly the descriptors it is given, posix_spawn(3): the only way to start one from a process with threads that
/// keeps unmanaged descriptors. The new process leads a session of its own, with default signal handling.
/// </summary>
internal static partial class Spawn
{
    // bits/spawn.h
    private const short POSIX_SPAWN_SETSIGDEF = 0x04;
    private const short POSIX_SPAWN_SETSIGMASK = 0x08;
    private const short POSIX_SPAWN_SETSID = 0x80;

    // glibc's posix_spawnattr_t has 336 bytes, posix_spawn_file_actions_t 80, sigset_t 128 on 64-bit machines: room to spare.
    private const int OpaqueBytes = 1024;

    private const int FirstInherited = 3;

    /// <summary>The numbers under which a program finds the descriptors it inherits, in the order given: 3, 4, …</summary>
    public static int NumberOf(int index) => FirstInherited + index;

    /// <summary>
    /// As <see cref="Start"/>, as the first process of a process-id namespace of its own: it sees no other process, and what it starts ends
    /// with it. Needs root; the returned id is this process's for it.
    /// </summary>
    public static int StartAlone(
        IReadOnlyList<string> arguments, IReadOnlyList<string> environment, Fd? output, Fd? error, IReadOnlyList<Fd> inherited) =>
        // A thread of its own: all that it starts from then on is in the namespace.
        DedicatedThread.Run("spawn", () =>
        {
            NamespaceCalls.Unshare(NamespaceCalls.CLONE_NEWPID, "unshare process ids");
            return Start(arguments, environment, output, error, inherited);
        });

    /// <summary>Starts <paramref name="arguments"/>[0]; its standard input is empty.</summary>
    /// <param name="output">Becomes standard output; null discards it.</param>
    /// <param name="error">Becomes standard error; null discards it.</param>
    /// <param name="inherited">Get the numbers <see cref="NumberOf"/>.</param>
    /// <returns>The process id. The process stays a zombie until <see cref="ChildProcess.Wait"/>.</returns>
    public static unsafe int Start(
        IReadOnlyList<string> arguments, IReadOnlyList<string> environment, Fd? output, Fd? error, IReadOnlyList<Fd> inherited)
    {
        byte* actions = stackalloc byte[OpaqueBytes];
        byte* attributes = stackalloc byte[OpaqueBytes];
        byte* signals = stackalloc byte[OpaqueBytes];
        using var argv = new NativeStrings(arguments);
        using var envp = new NativeStrings(environment);

        // SAFETY: the three buffers are larger than what glibc keeps in them and live until the call returns, as do the string arrays.
        Check(posix_spawn_file_actions_init(actions), "posix_spawn_file_actions_init");
        Check(posix_spawnattr_init(attributes), "posix_spawnattr_init");
        try
        {
            Redirect(actions, output, error, inherited);
            Check(sigemptyset(signals), "sigemptyset");
            Check(posix_spawnattr_setsigmask(attributes, signals), "posix_spawnattr_setsigmask");
            Check(sigfillset(signals), "sigfillset");
            Check(posix_spawnattr_setsigdefault(attributes, signals), "posix_spawnattr_setsigdefault");
            Check(posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID), "posix_spawnattr_setflags");

            int processId;
            Check(posix_spawn(&processId, argv.Pointer[0], actions, attributes, argv.Pointer, envp.Pointer), $"posix_spawn {arguments[0]}");
            return processId;
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
        }
    }

    // First away from every number that is still needed, then to the final ones: no order of the given numbers can clash.
    private static unsafe void Redirect(byte* actions, Fd? output, Fd? error, IReadOnlyList<Fd> inherited)
    {
        // SAFETY: actions was initialized by the caller.
        Check(posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Files.O_RDONLY, 0), "addopen");
        Check(posix_spawn_file_actions_addopen(actions, 1, "/dev/null", Files.O_WRONLY, 0), "addopen");
        Check(posix_spawn_file_actions_addopen(actions, 2, "/dev/null", Files.O_WRONLY, 0), "addopen");
        if (output is not null)
            Check(posix_spawn_file_actions_adddup2(actions, output.Number, 1), "adddup2");
        if (error is not null)
            Check(posix_spawn_file_actions_adddup2(actions, error.Number, 2), "adddup2");

        int aside = inherited.Select(fd => fd.Number).Append(NumberOf(inherited.Count)).Max() + 1;
        for (int i = 0; i < inherited.Count; i++)
            Check(posix_spawn_file_actions_adddup2(actions, inherited[i].Number, aside + i), "adddup2");
        for (int i = 0; i < inherited.Count; i++)
        {
            Check(posix_spawn_file_actions_adddup2(actions, aside + i, NumberOf(i)), "adddup2");
            Check(posix_spawn_file_actions_addclose(actions, aside + i), "addclose");
        }
    }

    // These functions return the error number instead of setting errno.
    private static void Check(int errno, string operation)
    {
        if (errno != 0)
            throw new LinuxException(operation, (Errno)errno);
    }

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawn(int* processId, byte* path, byte* actions, byte* attributes, byte** argv, byte** envp);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport(Files.Library, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int posix_spawn_file_actions_addopen(byte* actions, int fd, string path, int flags, uint mode);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawn_file_actions_adddup2(byte* actions, int fd, int newFd);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawn_file_actions_addclose(byte* actions, int fd);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport(Files.Library)]
    private static unsafe partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport(Files.Library)]
    private static unsafe partial int sigemptyset(byte* signals);

    [LibraryImport(Files.Library)]
    private static unsafe partial int sigfillset(byte* signals);
}
