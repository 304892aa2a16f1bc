using Appliance.Agent.Jail;
using Appliance.Agent.Tests.Compute;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Tests.Jail;

public sealed class JailTests
{
    private static readonly JailRules Strict = new(
        Environment.IsPrivilegedProcess ? 199_999 : null, null, DiesWithAgent: true, 1L << 30, 1 << 20, TimeSpan.FromSeconds(10));

    [Fact]
    public void Rules_survive_the_command_line()
    {
        var rules = new JailRules(5, 6, DiesWithAgent: true, 7, 8, TimeSpan.FromSeconds(9));
        var arguments = rules.ToArguments("agent", 3, isGated: true, ["/bin/true", "--", "user=0"]);

        var (read, files, isGated, program) = JailRules.Parse(arguments.Skip(2).ToArray());

        Assert.Equal(["agent", "jail"], arguments.Take(2));
        Assert.Equal(rules, read);
        Assert.Equal(3, files);
        Assert.True(isGated);
        Assert.Equal(["/bin/true", "--", "user=0"], program);
    }

    [Fact]
    public async Task A_tool_in_the_jail_has_no_rights_no_network_and_only_its_files()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become other users");
        using var file = MemoryFiles.Create("input");
        Files.TryWrite(file, "inside"u8, out _);

        var result = await RunAsync($"id -u; grep CapEff /proc/self/status; ls /sys/class/net; cat {JailedTool.PathOf(0)}; ls /proc/self/fd | wc -l", file);

        var lines = result.Output.Split('\n');
        Assert.Equal("199999", lines[0]);
        Assert.Equal("CapEff:\t0000000000000000", lines[1]);
        Assert.Contains("inside", result.Output);
        // Standard input, output and error, the file, and ls reading the folder.
        Assert.Equal("5", result.Output.Trim().Split('\n')[^1].Replace("inside", ""));
    }

    [Fact]
    public async Task A_tool_cannot_write_beyond_its_limit()
    {
        var path = Path.Combine(Path.GetTempPath(), $"jail-{Guid.NewGuid()}");
        await File.WriteAllTextAsync(path, "", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(path, UnixFileMode.OtherWrite | UnixFileMode.UserWrite | UnixFileMode.UserRead);
        try
        {
            var result = await RunAsync($"head -c 10000000 /dev/zero > {path}");

            Assert.False(result.End.Succeeded);
            Assert.Equal(1 << 20, new FileInfo(path).Length);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_cancelled_tool_is_dead_when_the_call_returns()
    {
        using var stop = new CancellationTokenSource();
        var started = Path.Combine(Path.GetTempPath(), $"jail-{Guid.NewGuid()}");
        Directory.CreateDirectory(started, (UnixFileMode)0x1ff);
        File.SetUnixFileMode(started, (UnixFileMode)0x1ff);
        using var watcher = new FileSystemWatcher(started) { EnableRaisingEvents = true };
        watcher.Created += (_, _) => stop.Cancel();
        try
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync($"echo $$ > {started}/pid; exec sleep 600", ct: stop.Token));

            var pid = (await File.ReadAllTextAsync(Path.Combine(started, "pid"), TestContext.Current.CancellationToken)).Trim();
            Assert.False(pid.Length > 0 && Directory.Exists($"/proc/{pid}"));
        }
        finally
        {
            Directory.Delete(started, recursive: true);
        }
    }

    [Fact]
    public async Task A_program_that_does_not_exist_says_so()
    {
        var result = await JailedTool.RunAsync(TestFleet.Jail, Strict, ["/no/such/program"], [], CancellationToken.None);

        Assert.Equal(126, result.End.Code);
        Assert.Contains("ENOENT", result.Error);
    }

    private static Task<ToolResult> RunAsync(string script, Fd? file = null, CancellationToken ct = default) =>
        JailedTool.RunAsync(TestFleet.Jail, Strict, ["/bin/sh", "-c", script], file is null ? [] : [file], ct);
}
