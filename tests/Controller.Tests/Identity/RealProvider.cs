using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Appliance.Controller.Tests.Identity;

/// <summary>A real OpenID provider, run by Node; scripts/test installs it.</summary>
internal sealed class RealProvider : IAsyncDisposable
{
    public const string ClientId = "appliance";
    public const string ClientSecret = "client+secret/1";

    private readonly Process _process;

    private RealProvider(Process process, string issuer)
    {
        _process = process;
        Issuer = issuer;
    }

    public string Issuer { get; }

    /// <param name="redirectUri">The only place that it sends browsers back to.</param>
    public static async Task<RealProvider> StartAsync(string redirectUri)
    {
        var folder = FolderHere();
        Assert.True(Directory.Exists(Path.Combine(folder, "node_modules")), $"{folder} is not installed: scripts/test does it");
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("provider.mjs");
        start.ArgumentList.Add(redirectUri);
        var process = Process.Start(start)!;
        // It warns of being no production site; unread, the pipe would fill up.
        var errors = process.StandardError.ReadToEndAsync();
        var issuer = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.True(issuer?.StartsWith("http://", StringComparison.Ordinal) == true, issuer is null ? await errors : issuer);
        return new RealProvider(process, issuer!);
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string FolderHere([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "OpenIdProvider");
}
