using System.Diagnostics;
using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Images.Data;

/// <summary>What is inside uploaded data.</summary>
/// <param name="VirtualSizeBytes">Null when it cannot be told.</param>
/// <param name="Refusal">Why the data must not be stored under the format it claims; null when it may.</param>
/// <param name="Fault">Why no server can boot from it; null when one can.</param>
internal sealed record Inspection(long? VirtualSizeBytes, string? Refusal, string? Fault)
{
    /// <summary>Data that refers to other files of whoever opens it.</summary>
    public static Inspection Unsafe(string reason) => new(null, $"Image failed safety checks: {reason}", null);
}

/// <summary>
/// Looks into uploaded images with <c>qemu-img</c>, always as the format the image claims, inside a jail: own user, mount, network and
/// process namespaces (bubblewrap), nothing visible but system libraries and the one file, limits on memory, time and output.
/// </summary>
internal sealed partial class ImageInspector(ILogger<ImageInspector> log)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private const int MaxOutputChars = 1 << 20;

    /// <summary>Glance's decisions and words (glance/location.py, set_data), with the reason of an unsafe image in addition.</summary>
    public async Task<Inspection> InspectAsync(string path, string diskFormat, long sizeBytes, CancellationToken ct)
    {
        var header = ReadHeader(path);
        var found = DataFormat.Of(header);
        if (!DataFormat.Fits(diskFormat, found))
            return new Inspection(null, $"Image disk_format {diskFormat} does not match stream data {found}", null);
        // Also of data that claims to be raw: who downloads it may open it as what it looks like.
        if (found == DataFormat.Qcow2 && DataFormat.FindReference(header) is { } reference)
            return Inspection.Unsafe(reference);
        return diskFormat switch
        {
            DataFormat.Raw or "iso" => new Inspection(sizeBytes, null, null),
            "ami" or "ari" or "aki" => new Inspection(null, null, null),
            DataFormat.Qcow2 => await InspectQcow2Async(path, ct),
            _ => new Inspection(null, null, $"Disk format {diskFormat} can be stored but not booted here; convert the image to qcow2 or raw."),
        };
    }

    private static byte[] ReadHeader(string path)
    {
        using var file = File.OpenHandle(path);
        var header = new byte[DataFormat.HeaderBytes];
        return header[..RandomAccess.Read(file, header, 0)];
    }

    private async Task<Inspection> InspectQcow2Async(string path, CancellationToken ct)
    {
        var (exitCode, output) = await RunAsync(path, ct);
        if (exitCode != 0)
        {
            LogRefused(path, exitCode, output);
            return new Inspection(null, "Image format inspection failed: the data is not a whole qcow2 image", null);
        }

        using var document = JsonDocument.Parse(output);
        var info = document.RootElement;
        var data = info.Member("format-specific")?.Member("data") ?? default;
        if (info.StringOrNull("backing-filename") is not null)
            return Inspection.Unsafe("it has a backing file");
        if (data.StringOrNull("data-file") is not null)
            return Inspection.Unsafe("it keeps its data in another file");
        return new Inspection(info.Int64OrNull("virtual-size"), null,
            info.BoolOrNull("encrypted") == true ? "Encrypted qcow2 images cannot be booted." : null);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string path, CancellationToken ct)
    {
        using var process = new Process { StartInfo = CreateStartInfo(path) };
        process.Start();
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Timeout);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            var buffer = new char[MaxOutputChars];
            var count = await process.StandardOutput.ReadBlockAsync(buffer, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 ? (0, new string(buffer, 0, count)) : (process.ExitCode, await errors);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (-1, $"no answer within {Timeout.TotalSeconds} s");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static ProcessStartInfo CreateStartInfo(string path)
    {
        var start = new ProcessStartInfo("bwrap")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin";
        string[] jail =
        [
            "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
            "--ro-bind", path, "/image",
            "prlimit", "--as=2147483648", "--cpu=20", "--nofile=64", "--fsize=0",
            "qemu-img", "info", "--force-share", "-f", "qcow2", "--output=json", "/image",
        ];
        foreach (var argument in jail)
            start.ArgumentList.Add(argument);
        return start;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "qemu-img does not read {Path} as qcow2 (exit {ExitCode}): {Output}")]
    private partial void LogRefused(string path, int exitCode, string output);
}
