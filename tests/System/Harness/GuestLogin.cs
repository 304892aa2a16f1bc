namespace Appliance.SystemTests.Harness;

/// <summary>A guest reached by ssh.</summary>
internal sealed class GuestLogin(string address, string keyFile)
{
    /// <summary>Under TCG on a busy machine a guest boots in tens of seconds.</summary>
    public static readonly TimeSpan BootTime = TimeSpan.FromMinutes(4);

    public string Address => address;

    /// <summary>Waits until the guest lets us in; answers what the command printed.</summary>
    public async Task<string> AwaitAsync(string command, Func<string>? explain = null)
    {
        string? last = null;
        return await Eventually.FindAsync($"ssh guest@{address} {command}", BootTime, async () =>
        {
            var (exitCode, output, errors) = await TryAsync(command);
            last = errors;
            return exitCode == 0 ? output : null;
        }, () => last + explain?.Invoke());
    }

    public async Task<string> RunAsync(string command)
    {
        var (exitCode, output, errors) = await TryAsync(command);
        Assert.True(exitCode == 0, $"guest {address}: {command}: exit {exitCode}\n{errors}{output}");
        return output.Trim();
    }

    public Task<(int ExitCode, string Output, string Errors)> TryAsync(string command) => Program.TryRunAsync("ssh",
    [
        "-i", keyFile, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes",
        "-o", "ConnectTimeout=5", $"guest@{address}", command,
    ], TimeSpan.FromSeconds(60));
}
