using System.Buffers.Binary;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Tests.Vmm.Jail;

/// <summary>Judges a system call as the kernel does: runs the program over <c>struct seccomp_data</c>.</summary>
internal static class BpfInterpreter
{
    public const uint X86_64 = 0xC000003E;

    public static uint Run(ReadOnlySpan<sock_filter> program, int number, uint architecture = X86_64, params ReadOnlySpan<ulong> arguments)
    {
        Span<byte> data = stackalloc byte[64];
        data.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data[4..], architecture);
        for (int i = 0; i < arguments.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(data[(16 + 8 * i)..], arguments[i]);

        uint accumulator = 0;
        // Jumps go forward only, so it ends; running off the end is what the kernel refuses to load.
        for (int at = 0; ; at++)
        {
            var (code, onTrue, onFalse, k) = program[at];
            switch (code)
            {
                case 0x20:
                    Assert.True(k % 4 == 0 && k <= 60, "the kernel refuses other offsets");
                    accumulator = BinaryPrimitives.ReadUInt32LittleEndian(data[(int)k..]);
                    break;
                case 0x15: at += accumulator == k ? onTrue : onFalse; break;
                case 0x35: at += accumulator >= k ? onTrue : onFalse; break;
                case 0x45: at += (accumulator & k) != 0 ? onTrue : onFalse; break;
                case 0x06: return k;
                default: throw new InvalidOperationException($"instruction {code:x}");
            }
        }
    }
}
