using System.Text;
using Appliance.Linux.Libc;

namespace Appliance.VmmProgram;

/// <summary>The three standard descriptors, by write(2): System.Console would open files, start threads and double the program's size.</summary>
internal static class Terminal
{
    public static Fd Input { get; } = Borrow(0);

    public static Fd Output { get; } = Borrow(1);

    public static Fd Error { get; } = Borrow(2);

    /// <summary>One line for a person on standard error.</summary>
    public static void Say(string line) => Write(Error, line + "\n");

    public static void Write(Fd target, string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        while (!bytes.IsEmpty && Files.TryWrite(target, bytes, out int written))
            bytes = bytes[written..];
    }

    // Never disposed: the descriptors belong to the process.
    private static Fd Borrow(int number) => Fd.Own(number);
}
