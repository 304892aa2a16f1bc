using Appliance.Agent.Faults;
using Appliance.Agent.Storage;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>What a guest with devices is made of: disks, config drive and ports. Everything is made once and found again.</summary>
internal sealed class ServerParts(ServerRecord record, FleetContext context)
{
    private const string ConfigDriveFile = "config.iso";

    /// <summary>Makes the disks that are missing.</summary>
    /// <param name="progress">Told what takes long.</param>
    public async Task<Outcome<ServerDiskSet>> BuildAsync(ServerDocument document, Action<string> progress, CancellationToken ct)
    {
        var wanted = new ServerDiskRequest(
            record.Folder, document.Image, document.RootDiskGiB, document.EphemeralDiskGiB, document.SwapMiB, record.State!.UserId);
        if ((await context.Disks.EnsureAsync(wanted, progress, ct)).Failed(out var fault, out var disks))
            return fault;

        return document.ConfigDrive ? disks with { ConfigDrivePath = await EnsureConfigDriveAsync(document, ct) } : disks;
    }

    /// <summary>The devices of all ports in order; null while one is not ready.</summary>
    public IReadOnlyList<PortDevice>? FindPorts(ServerDocument document)
    {
        var devices = new List<PortDevice>(document.PortIds.Count);
        foreach (var id in document.PortIds)
        {
            if (context.Ports.Find(id) is not { } device)
                return null;
            devices.Add(device);
        }

        return devices;
    }

    // Written once, as Nova does: a guest sees the same data at every boot.
    private async Task<string> EnsureConfigDriveAsync(ServerDocument document, CancellationToken ct)
    {
        var path = record.PathOf(ConfigDriveFile);
        if (File.Exists(path))
            return path;

        var temporary = path + ".partial";
        File.Delete(temporary);
        await context.WriteConfigDrive(document, temporary, ct);
        if (record.State!.UserId is { } userId)
            Ownership.Give(temporary, userId);
        DurableFiles.Publish(temporary, path);
        return path;
    }
}
