using Appliance.Linux.Libc;

namespace Appliance.Agent.Jail;

/// <summary>What a program that handles hostile bytes may do. Written as arguments of the agent's <c>jail</c> command, which applies it.</summary>
/// <param name="UserId">User and group it runs as; null keeps the agent's own, for an agent that is not root.</param>
/// <param name="ExtraGroupId">One more group, for a device.</param>
/// <param name="DiesWithAgent">For tools; a guest lives on.</param>
/// <param name="MemoryBytes">Limit of the memory it writes; null: none.</param>
/// <param name="FileBytes">No file may grow beyond this; null: none.</param>
/// <param name="CpuTime">Processor time after which it is killed; null: none.</param>
internal sealed record JailRules(
    int? UserId, int? ExtraGroupId, bool DiesWithAgent, long? MemoryBytes, long? FileBytes, TimeSpan? CpuTime)
{
    public const string Command = "jail";

    private const string RootRule = "root";

    /// <summary>Ends the rules; what follows is the program and its arguments.</summary>
    private const string End = "--";

    /// <summary>The folder that becomes the program's whole file system, read-only; null: the machine's. Needs <see cref="UserId"/>.</summary>
    public string? RootFolder { get; init; }

    /// <summary>Descriptors a jailed program may open.</summary>
    private const int OpenFiles = 1024;

    /// <summary>The command line of the jail: <c>jail rule… -- program argument…</c>.</summary>
    /// <param name="files">How many descriptors the program inherits; any other the agent may have leaked is closed.</param>
    /// <param name="isGated">Whether to wait, before the program starts, for a byte on the descriptor after those.</param>
    public IReadOnlyList<string> ToArguments(string launcher, int files, bool isGated, IReadOnlyList<string> program)
    {
        var arguments = new List<string> { launcher, Command };
        Add("files", files);
        Add("gate", isGated ? 1 : null);
        Add("user", UserId);
        Add("group", ExtraGroupId);
        Add("memory", MemoryBytes);
        Add("file", FileBytes);
        Add("cpu", CpuTime is { } time ? (long)time.TotalSeconds : null);
        Add("dies", DiesWithAgent ? 1 : null);
        if (RootFolder is not null)
            arguments.Add($"{RootRule}={RootFolder}");
        arguments.Add(End);
        arguments.AddRange(program);
        return arguments;

        void Add(string name, long? value)
        {
            if (value is not null)
                arguments.Add(string.Create(CultureInfo.InvariantCulture, $"{name}={value}"));
        }
    }

    /// <summary>Reads <see cref="ToArguments"/> again, from after the command's name.</summary>
    public static (JailRules Rules, int Files, bool IsGated, string[] Program) Parse(ReadOnlySpan<string> arguments)
    {
        var end = arguments.IndexOf(End);
        if (end < 0 || end + 1 == arguments.Length)
            throw new ArgumentException("jail: no program after --");

        var rules = new Dictionary<string, long>();
        string? root = null;
        foreach (var rule in arguments[..end])
        {
            var cut = rule.IndexOf('=', StringComparison.Ordinal);
            if (rule[..cut] == RootRule)
                root = rule[(cut + 1)..];
            else
                rules[rule[..cut]] = long.Parse(rule.AsSpan(cut + 1), CultureInfo.InvariantCulture);
        }

        return (new JailRules(Number("user"), Number("group"), rules.ContainsKey("dies"), Find("memory"), Find("file"),
            Find("cpu") is { } seconds ? TimeSpan.FromSeconds(seconds) : null)
        { RootFolder = root }, Number("files") ?? 0, rules.ContainsKey("gate"), arguments[(end + 1)..].ToArray());

        long? Find(string name) => rules.TryGetValue(name, out var value) ? value : null;
        int? Number(string name) => (int?)Find(name);
    }

    /// <summary>Puts the calling process under these rules, for good. Limits first: they need rights that are given up after.</summary>
    public void Apply()
    {
        Confinement.Limit(Confinement.RLIMIT_CORE, 0);
        Confinement.Limit(Confinement.RLIMIT_NOFILE, OpenFiles);
        if (MemoryBytes is { } memory)
            Confinement.Limit(Confinement.RLIMIT_DATA, (ulong)memory);
        if (FileBytes is { } file)
            Confinement.Limit(Confinement.RLIMIT_FSIZE, (ulong)file);
        if (CpuTime is { } time)
            Confinement.Limit(Confinement.RLIMIT_CPU, (ulong)time.TotalSeconds);

        if (UserId is { } user)
        {
            Confinement.LeaveNetwork();
            if (RootFolder is not null)
                FileSystemJail.Enter(RootFolder);
            ReadOnlySpan<uint> groups = ExtraGroupId is { } group ? [(uint)group] : [];
            Confinement.BecomeUser((uint)user, (uint)user, groups);
        }

        Confinement.ForbidNewPrivileges();
        if (RootFolder is not null)
            FileSystemJail.Lock();
        if (DiesWithAgent)
            Confinement.DieWithParent();
    }
}
