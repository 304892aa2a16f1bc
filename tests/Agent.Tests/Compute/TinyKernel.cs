using System.Buffers.Binary;

namespace Appliance.Agent.Tests.Compute;

/// <summary>
/// A kernel of 200 bytes, in 64-bit code, for the machine monitor: says <c>ready</c> on the first serial port and then echoes what it reads
/// there, but for <c>q</c> (says <c>bye</c> and powers off; on the power button it says <c>button</c> first), <c>r</c> (restarts), <c>d</c> (turns
/// deaf to the button) and <c>f</c> (floods the port for ever).
/// </summary>
internal static class TinyKernel
{
    private const ulong LoadAt = 0x20_0000;
    private const int HeaderBytes = 64 + 56;

    // I/O APIC: pin 5, the power button, to vector 40h; local APIC on; say hello; loop: serial input? button (bit of vector 40h in the
    // local APIC's request register)? … bye: out 600h,34h (sleep control: S5); restart: out 602h,42h (reset register).
    private const string Code =
        "bb0000c0fec7031a000000c7431040000000c7031b000000c7431000000000bd0000e0fec785f0000000ff0100004531ff488d357d000000e86b0000"
        + "0066bafd03eca801751c4585ff750cf78520020000010000007526b9d0070000f390e2fcebdb66baf803ec3c71741e3c7274303c64750341ffc7ee3c"
        + "6674fbebc0488d3539000000e81f000000488d3536000000e81300000066ba0006b034eef4ebfd66ba0206b042eeebf466baf803ac84c07403eeebf8"
        + "c372656164790d0a00627574746f6e0d0a006279650d0a00";

    /// <summary>An ELF file.</summary>
    public static byte[] Image()
    {
        byte[] code = Convert.FromHexString(Code), image = new byte[HeaderBytes + code.Length];
        byte[] ident = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        ident.CopyTo(image, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(16), 2);              // a program
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(18), 62);             // of x86-64
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(24), LoadAt);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(32), 64);             // program headers
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(56), 1);
        var segment = image.AsSpan(64);
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1);                       // to be loaded
        BinaryPrimitives.WriteUInt64LittleEndian(segment[8..], HeaderBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], LoadAt);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)code.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)code.Length);
        code.CopyTo(image, HeaderBytes);
        return image;
    }
}
