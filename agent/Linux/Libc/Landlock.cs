using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Gives up access to files and TCP ports for good, Linux Documentation/userspace-api/landlock.rst. Of the calling thread and what it starts or executes.</summary>
internal static unsafe partial class Landlock
{
    // asm/unistd_64.h, linux/landlock.h
    private const long SYS_landlock_create_ruleset = 444, SYS_landlock_add_rule = 445, SYS_landlock_restrict_self = 446;
    private const nuint LANDLOCK_CREATE_RULESET_VERSION = 1;
    private const nuint LANDLOCK_RULE_PATH_BENEATH = 1;
    private const ulong AccessExecute = 1 << 0, AccessReadFile = 1 << 2;
    private const ulong AccessTcp = 0b11;               // bind, connect
    private const ulong ScopeAll = 0b11;                // abstract sockets and signals outside

    // How many kinds of file access each ABI knows, from ABI 1 on; later ones know as many as the last.
    private static ReadOnlySpan<byte> FileAccessBits => [13, 14, 15, 15, 16];

    // ABIs that brought the members of landlock_ruleset_attr.
    private const int AbiWithNetwork = 4, AbiWithScopes = 6;

    [StructLayout(LayoutKind.Sequential)]
    private struct landlock_ruleset_attr
    {
        public ulong handled_access_fs, handled_access_net, scoped;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct landlock_path_beneath_attr
    {
        public ulong allowed_access;
        public int parent_fd;
    }

    /// <summary>Leaves reading and executing the files below a folder, and nothing else. After <see cref="Confinement.ForbidNewPrivileges"/>.</summary>
    /// <returns>False when this kernel has no Landlock.</returns>
    public static bool TryRestrictTo(Fd folder)
    {
        long abi = syscall(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION, 0);
        if (abi < 1)
            return false;

        var attributes = new landlock_ruleset_attr
        {
            handled_access_fs = (1UL << FileAccessBits[(int)Math.Min(abi, FileAccessBits.Length) - 1]) - 1,
            handled_access_net = abi >= AbiWithNetwork ? AccessTcp : 0,
            scoped = abi >= AbiWithScopes ? ScopeAll : 0,
        };
        // SAFETY: locals; a kernel accepts a longer struct when what it does not know is zero.
        using var rules = Fd.Own((int)Check(
            syscall(SYS_landlock_create_ruleset, (nuint)(&attributes), (nuint)sizeof(landlock_ruleset_attr), 0, 0), "landlock_create_ruleset"));
        var beneath = new landlock_path_beneath_attr { allowed_access = AccessExecute | AccessReadFile, parent_fd = folder.Number };
        Check(syscall(SYS_landlock_add_rule, (nuint)rules.Number, LANDLOCK_RULE_PATH_BENEATH, (nuint)(&beneath), 0), "landlock_add_rule");
        Check(syscall(SYS_landlock_restrict_self, (nuint)rules.Number, 0, 0, 0), "landlock_restrict_self");
        return true;
    }

    private static long Check(long result, string operation) => result < 0 ? throw LinuxException.Last(operation) : result;

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial long syscall(long number, nuint first, nuint second, nuint third, nuint fourth);
}
