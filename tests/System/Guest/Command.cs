using System.Diagnostics;

namespace Appliance.SystemTests.Guest;

/// <param name="Text">Standard output, then standard error.</param>
internal sealed record CommandResult(int Code, string Output, string Error)
{
    public string Text => Output + Error;
}

/// <summary>Runs a program to its end, or kills it with its children at the deadline (exit code 124, as <c>timeout</c> says it).</summary>
internal static class Command
{
    public static async Task<CommandResult> RunAsync(string program, IEnumerable<string> arguments, TimeSpan deadline)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(deadline);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            return new CommandResult(124, await output, await error);
        }
        return new CommandResult(process.ExitCode, await output, await error);
    }
}
