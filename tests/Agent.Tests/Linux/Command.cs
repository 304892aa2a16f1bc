using System.Diagnostics;

namespace Appliance.Agent.Tests.Linux;

/// <summary>Programs that tests look at the kernel with; the product starts none of them.</summary>
internal static class Command
{
    /// <summary>Standard output; fails the test when the program fails.</summary>
    public static string Run(string commandLine)
    {
        var (code, output) = Try(commandLine);
        Assert.True(code == 0, $"{commandLine}: exit code {code}\n{output}");
        return output;
    }

    /// <summary>Exit code and everything it printed.</summary>
    public static (int Code, string Output) Try(string commandLine)
    {
        using var process = Start(commandLine);
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    public static Process Start(string commandLine)
    {
        var parts = commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Process.Start(new ProcessStartInfo(parts[0], parts[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
    }
}
