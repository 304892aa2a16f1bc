using System.Text.Json;
using Appliance.Agent.Faults;
using Appliance.Agent.Jail;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Storage;

/// <summary>
/// Unfolds a qcow2 file into a raw one with <c>qemu-img</c>. The file is hostile: its header is checked here, the tool runs in a jail (no
/// network, a user that owns nothing else, limits), reaches only the two descriptors it is given, and is told the format.
/// </summary>
internal sealed class ImageConversion(StorageOptions options, StorageLayout layout, JailOptions jail)
{
    private const long ToolMemoryBytes = 1L << 30;

    private static readonly TimeSpan InspectionTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ConversionTime = TimeSpan.FromMinutes(30);

    /// <summary>The raw file, complete but not yet published.</summary>
    /// <param name="path">The image as it arrived and was verified.</param>
    public async Task<Outcome<string>> UnfoldAsync(ImageDocument image, string path, CancellationToken ct)
    {
        using var source = Files.Open(path, Files.O_RDONLY);
        if ((await InspectAsync(image, path, source, ct)).Failed(out var refused, out var virtualBytes))
            return refused;

        var rawPath = layout.ConversionPath(StorageLayout.NameOf(image));
        File.Delete(rawPath);
        using (var raw = File.OpenHandle(rawPath, FileMode.CreateNew, FileAccess.ReadWrite))
            RandomAccess.SetLength(raw, virtualBytes);
        if (Environment.IsPrivilegedProcess)
            Ownership.Give(rawPath, jail.ToolUserId);

        using var target = Files.Open(rawPath, Files.O_RDWR);
        var result = await JailedTool.RunAsync(
            jail, Rules(virtualBytes, ConversionTime),
            [options.QemuImgPath, "convert", "-q", "-f", "qcow2", "-O", "raw", "-n", "--target-is-zero", JailedTool.PathOf(0), JailedTool.PathOf(1)],
            [source, target], ct);
        if (result.End.Succeeded)
            return rawPath;

        File.Delete(rawPath);
        return result.Error.Contains("No space left", StringComparison.Ordinal)
            ? StorageFaults.DiskFull($"image {image.Id}", virtualBytes, FreeSpace.At(layout.Images) - options.ReservedBytes)
            : StorageFaults.ToolFailed($"convert image {image.Id}", $"qemu-img convert: {result.End}: {result.Error.Trim()}");
    }

    /// <summary>The size of the disk the image unfolds to, once it is known to be harmless.</summary>
    private async Task<Outcome<long>> InspectAsync(ImageDocument image, string path, Fd source, CancellationToken ct)
    {
        var header = new byte[QcowHeader.LengthBytes];
        int length;
        using (var file = File.OpenHandle(path))
            length = RandomAccess.Read(file, header, 0);
        if (QcowHeader.Check(header.AsSpan(0, length), out var virtualBytes) is { } reason)
            return StorageFaults.NotTheFormat(image.Id, image.DiskFormat, reason);
        if (virtualBytes > (ulong)options.MaxImageBytes)
            return StorageFaults.TooLargeForNode(image.Id, virtualBytes > long.MaxValue ? long.MaxValue : (long)virtualBytes, options.MaxImageBytes);

        File.SetUnixFileMode(path, StorageAccess.ReadableByTools);
        var result = await JailedTool.RunAsync(
            jail, Rules(0, InspectionTime), [options.QemuImgPath, "info", "--output=json", "-f", "qcow2", JailedTool.PathOf(0)], [source], ct);
        if (!result.End.Succeeded)
            return StorageFaults.NotTheFormat(image.Id, image.DiskFormat, "the file is damaged") with { Internal = result.Error.Trim() };
        if (FindDanger(result.Output) is { } danger)
            return StorageFaults.NotTheFormat(image.Id, image.DiskFormat, danger);

        return (long)virtualBytes;
    }

    private JailRules Rules(long fileBytes, TimeSpan time) => new(
        Environment.IsPrivilegedProcess ? jail.ToolUserId : null, null, DiesWithAgent: true, ToolMemoryBytes,
        Math.Max(fileBytes, 1 << 20), time);

    /// <summary>What the tool itself says about other files and encryption, in case it reads the header differently.</summary>
    private static string? FindDanger(string information)
    {
        using var json = JsonDocument.Parse(information);
        var image = json.RootElement;
        if (image.TryGetProperty("backing-filename", out _) || image.TryGetProperty("full-backing-filename", out _))
            return "it has a backing file";
        if (image.TryGetProperty("encrypted", out var encrypted) && encrypted.ValueKind == JsonValueKind.True)
            return "it is encrypted";

        return image.TryGetProperty("format-specific", out var specific) && specific.TryGetProperty("data", out var data)
            && (data.TryGetProperty("data-file", out _) || data.TryGetProperty("data-file-raw", out var raw) && raw.ValueKind == JsonValueKind.True)
            ? "its data is in another file"
            : null;
    }
}
