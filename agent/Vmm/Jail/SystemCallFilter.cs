using Appliance.Linux.Libc;

namespace Appliance.Vmm.Jail;

/// <summary>What happens at a system call: <c>SECCOMP_RET_*</c>, linux/seccomp.h.</summary>
internal static class FilterAction
{
    public const uint Allow = 0x7FFF_0000;
    public const uint KillProcess = 0x8000_0000;

    /// <summary>The call fails with this error and does nothing.</summary>
    public static uint Fail(Errno errno) => 0x0005_0000 | (uint)errno;
}

/// <summary>
/// Writes a seccomp program: a list of system calls, some of them only with certain arguments. What is not on it ends the process. Calls come
/// in the order of the list, so the frequent ones go first.
/// </summary>
internal sealed class SystemCallFilter
{
    // linux/bpf_common.h: load a word from a fixed offset; jump if equal, if any bit is set, if at least; return a constant.
    private const ushort LoadWord = 0x20, JumpEqual = 0x15, JumpBits = 0x45, JumpAtLeast = 0x35, Return = 0x06;

    // struct seccomp_data, linux/seccomp.h: number, architecture, instruction pointer, six 64-bit arguments.
    private const uint NumberAt = 0, ArchitectureAt = 4, ArgumentsAt = 16;

    private const uint AUDIT_ARCH_X86_64 = 0xC000_003E;

    // Numbers from here on are those of the x32 ABI, which reaches the same calls by other numbers.
    private const uint X32Bit = 0x4000_0000;

    private readonly List<sock_filter> _program = [];

    public SystemCallFilter()
    {
        Add(LoadWord, ArchitectureAt);
        Add(JumpEqual, AUDIT_ARCH_X86_64, 1, 0);
        Add(Return, FilterAction.KillProcess);
        Add(LoadWord, NumberAt);
        Add(JumpAtLeast, X32Bit, 0, 1);
        Add(Return, FilterAction.KillProcess);
    }

    /// <summary>A call with any arguments.</summary>
    public void On(int number, uint action)
    {
        Add(JumpEqual, (uint)number, 0, 1);
        Add(Return, action);
    }

    /// <summary>A call whose argument (its lower 32 bits, all that kernels look at in such arguments) is one of these values; else the process ends.</summary>
    public void AllowOneOf(int number, int argument, params ReadOnlySpan<uint> values)
    {
        Begin(number, argument, 2 * values.Length + 1);
        foreach (uint value in values)
        {
            Add(JumpEqual, value, 0, 1);
            Add(Return, FilterAction.Allow);
        }

        Add(Return, FilterAction.KillProcess);
    }

    /// <summary>A call whose argument has none of these bits; else the process ends.</summary>
    public void AllowWithoutBits(int number, int argument, uint bits)
    {
        Begin(number, argument, 3);
        Add(JumpBits, bits, 0, 1);
        Add(Return, FilterAction.KillProcess);
        Add(Return, FilterAction.Allow);
    }

    /// <summary>A call whose argument has any of these bits; else the process ends.</summary>
    public void AllowWithBits(int number, int argument, uint bits)
    {
        Begin(number, argument, 3);
        Add(JumpBits, bits, 1, 0);
        Add(Return, FilterAction.KillProcess);
        Add(Return, FilterAction.Allow);
    }

    public sock_filter[] ToProgram() => [.. _program, new sock_filter(Return, 0, 0, FilterAction.KillProcess)];

    // Over the rule for every other call; inside it the number is not needed any more, for every path returns.
    private void Begin(int number, int argument, int ruleLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(ruleLength + 1, byte.MaxValue);
        Add(JumpEqual, (uint)number, 0, (byte)(ruleLength + 1));
        Add(LoadWord, ArgumentsAt + 8 * (uint)argument);
    }

    private void Add(ushort code, uint k, byte onTrue = 0, byte onFalse = 0) => _program.Add(new sock_filter(code, onTrue, onFalse, k));
}
