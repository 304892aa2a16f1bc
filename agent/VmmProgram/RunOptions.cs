using Appliance.Vmm.Virtio.Vsock;
using Appliance.Vmm.Watchdogs;

namespace Appliance.VmmProgram;

/// <summary>Sockets of the command line.</summary>
internal sealed record VsockOption(uint Cid, string Path);

/// <summary>The options of <c>appliance-vmm run</c>.</summary>
internal sealed class RunOptions
{
    public const string Stdio = "stdio";
    public const string None = "none";

    /// <summary>Before a socket that listens.</summary>
    public const string Socket = "socket:";

    private const int MinMemoryMiB = 4;
    private const int MaxMemoryMiB = 1 << 20;
    private const int MaxCpus = 255;

    public string Kernel { get; private set; } = "";

    /// <summary>Restores a machine from this file instead of booting a kernel.</summary>
    public string? State { get; private set; }

    /// <summary>The memory of the machine that is restored.</summary>
    public string? MemoryImage { get; private set; }

    /// <summary>Takes in a machine that another process sends.</summary>
    public StreamSource? Receive { get; private set; }

    public bool AdvancesClock { get; private set; }

    public string? Initrd { get; private set; }

    public string? Firmware { get; private set; }

    public Guid Uuid { get; private set; } = Guid.Empty;

    public string CommandLine { get; private set; } = "console=ttyS0";

    public bool PrefersPvh { get; private set; }

    public int Cpus { get; private set; } = 1;

    public int MemoryMiB { get; private set; } = 256;

    public bool UsesPci { get; private set; } = true;

    public List<DiskOption> Disks { get; } = [];

    public List<TapOption> Taps { get; } = [];

    public string Serial { get; private set; } = Stdio;

    public string? SerialLog { get; private set; }

    public string Kvm { get; private set; } = "/dev/kvm";

    public string? EndFile { get; private set; }

    public bool IsConfined { get; private set; }

    public string? Console { get; private set; }

    public VsockOption? Vsock { get; private set; }

    public bool HasEntropy { get; private set; }

    public bool HasBalloon { get; private set; }

    /// <summary>Null: the machine has no watchdog.</summary>
    public WatchdogAction? Watchdog { get; private set; }

    public bool SaysStatistics { get; private set; }

    public ControlSocket? Control { get; private set; }

    public bool StartsPaused { get; private set; }

    /// <returns>What is wrong; null when all is well.</returns>
    public static string? Parse(ReadOnlySpan<string> arguments, out RunOptions options)
    {
        options = new RunOptions();
        while (!arguments.IsEmpty)
        {
            string name = arguments[0];
            if (options.TrySetFlag(name))
            {
                arguments = arguments[1..];
                continue;
            }

            if (arguments.Length < 2)
                return name.StartsWith("--", StringComparison.Ordinal) ? $"{name} is unknown, or lacks its value" : $"'{name}' is not an option";
            if (options.Set(name, arguments[1]) is { } mistake)
                return mistake;
            arguments = arguments[2..];
        }

        return options.FindContradiction();
    }

    private string? FindContradiction()
    {
        if (State is not null != MemoryImage is not null)
            return "--state and --memory-image come together";
        int beginnings = (Kernel.Length > 0 ? 1 : 0) + (State is null ? 0 : 1) + (Receive is null ? 0 : 1);
        if (beginnings > 1)
            return "--kernel, --state and --from exclude each other";
        if (beginnings == 0 && Disks.Count == 0)
            return "--kernel or --disk is missing: there is nothing to boot from";
        if (beginnings > 0 && Firmware is not null)
            return "--firmware boots the guest when nothing else does: neither --kernel nor --state nor --from";
        if (StartsPaused && Control is null)
            return "--paused needs --control, by which somebody can let it run";
        if (SerialLog is not null && Serial != None && !Serial.StartsWith(Socket, StringComparison.Ordinal))
            return "--serial-log goes with --serial socket:PATH or none";
        if (IsConfined && Vsock is not null)
            return "--confine and --vsock: a confined machine cannot connect to the guest's listeners on this side";
        if (beginnings == 0 && !UsesPci)
            return "--transport mmio: firmware finds disks on PCI only";
        return Serial == Stdio && Console == Stdio ? "--serial and --console cannot both be stdio" : null;
    }

    private bool TrySetFlag(string name)
    {
        switch (name)
        {
            case "--pvh": return PrefersPvh = true;
            case "--rng": return HasEntropy = true;
            case "--balloon": return HasBalloon = true;
            case "--stats": return SaysStatistics = true;
            case "--paused": return StartsPaused = true;
            case "--confine": return IsConfined = true;
            case "--advance-clock": return AdvancesClock = true;
            default: return false;
        }
    }

    private string? Set(string name, string value)
    {
        switch (name)
        {
            case "--kernel": Kernel = value; return null;
            case "--initrd": Initrd = value; return null;
            case "--firmware": Firmware = value; return null;
            case "--uuid":
                Uuid = Guid.TryParse(value, out var uuid) ? uuid : Guid.Empty;
                return Uuid != Guid.Empty ? null : $"--uuid {value}: not a UUID";
            case "--state": State = value; return null;
            case "--memory-image": MemoryImage = value; return null;
            case "--from":
                Receive = StreamSource.Parse(value);
                return Receive is null ? $"--from {value}: unix:PATH, or fd:NUMBER" : null;
            case "--cmdline": CommandLine = value; return null;
            case "--serial": Serial = value; return null;
            case "--serial-log": SerialLog = value; return null;
            case "--kvm": Kvm = value; return null;
            case "--end": EndFile = value; return null;
            case "--console": Console = value; return null;
            case "--disk": return AddDisk(value);
            case "--tap": return AddTap(value);
            case "--vsock": return SetVsock(value);
            case "--control":
                Control = ControlSocket.Parse(value);
                return Control is null ? $"--control {value}: a path, or fd:NUMBER" : null;
            case "--watchdog":
                Watchdog = WatchdogActionOf(value);
                return Watchdog is null ? $"--watchdog {value}: reset, poweroff, pause or none" : null;
            case "--cpus": return SetNumber(name, value, 1, MaxCpus, number => Cpus = number);
            case "--memory": return SetNumber(name, value, MinMemoryMiB, MaxMemoryMiB, number => MemoryMiB = number);
            case "--transport":
                UsesPci = value == "pci";
                return value is "pci" or "mmio" ? null : $"--transport {value}: pci or mmio";
            default: return $"{name} is unknown";
        }
    }

    private static string? SetNumber(string name, string value, int least, int most, Action<int> set)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < least || number > most)
            return $"{name} {value}: {least} to {most}";
        set(number);
        return null;
    }

    private string? AddDisk(string value)
    {
        string? mistake = DiskOption.Parse(value, Disks.Count, out var disk);
        Disks.Add(disk);
        return mistake;
    }

    private string? AddTap(string value)
    {
        string? mistake = TapOption.Parse(value, Taps.Count, out var tap);
        Taps.Add(tap);
        return mistake;
    }

    private static WatchdogAction? WatchdogActionOf(string name) => name switch
    {
        "reset" => WatchdogAction.Reset,
        "poweroff" => WatchdogAction.PowerOff,
        "pause" => WatchdogAction.Pause,
        "none" => WatchdogAction.None,
        _ => null,
    };

    private string? SetVsock(string value)
    {
        int comma = value.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || comma == value.Length - 1
            || !uint.TryParse(value.AsSpan(0, comma), NumberStyles.None, CultureInfo.InvariantCulture, out uint cid)
            || cid is < VirtioVsock.FirstGuestCid or uint.MaxValue)
            return $"--vsock {value}: CID,PATH with a CID of {VirtioVsock.FirstGuestCid} or more";
        Vsock = new VsockOption(cid, value[(comma + 1)..]);
        return null;
    }
}
