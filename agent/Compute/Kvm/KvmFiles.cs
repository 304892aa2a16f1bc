using System.Text;
using Appliance.Linux.Libc;
using Appliance.Vmm.Serial;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>What a machine and its agents know each other by: files in the server's folder.</summary>
internal static class KvmFiles
{
    public const string ControlSocket = "control.sock";
    public const string SerialSocket = "serial.sock";

    private const string Log = "console.ring";
    private const string End = "end";
    private const int OwnerOnly = 0x180;
    private const int O_TRUNC = 0x200;

    /// <summary>Longest word about an end.</summary>
    private const int MaxEndBytes = 64;

    public static Fd OpenLog(string folder) => Files.Open(Path.Combine(folder, Log), Files.O_RDWR | Files.O_CREAT, OwnerOnly);

    /// <summary>Empty until the machine ends and says how.</summary>
    public static Fd CreateEnd(string folder) => Files.Open(Path.Combine(folder, End), Files.O_RDWR | Files.O_CREAT | O_TRUNC, OwnerOnly);

    /// <summary>What a machine that has ended said of it; one that said nothing has died.</summary>
    public static GuestEnd ReadEnd(string folder)
    {
        if (Files.TryOpen(Path.Combine(folder, End), Files.O_RDONLY, 0, out var file) != Errno.None)
            return GuestEnd.Crashed;
        using (file)
        {
            Span<byte> word = stackalloc byte[MaxEndBytes];
            return Files.TryRead(file, word, out var length)
                ? Encoding.ASCII.GetString(word[..length]) switch
                {
                    "PowerOff" or "Stopped" => GuestEnd.PoweredOff,
                    "Reset" => GuestEnd.Reset,
                    _ => GuestEnd.Crashed,
                }
                : GuestEnd.Crashed;
        }
    }

    public static byte[] ReadLogEnd(string folder, int maxBytes)
    {
        if (Files.TryOpen(Path.Combine(folder, Log), Files.O_RDONLY, 0, out var file) != Errno.None)
            return [];
        using (file)
            return LogRing.ReadEnd(file, maxBytes);
    }
}
