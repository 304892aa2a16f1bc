namespace Appliance.Agent.Storage;

/// <summary>
/// Where a node keeps bytes, below its data folder, all on one file system so that disks can share blocks with images:
/// <code>
/// images/{sha512}                    an image as raw bytes, sparse, read-only, complete
/// images/partial/{sha512}.fetch      an image as it arrives; a later fetch goes on at its end
/// images/partial/{sha512}.raw        the same while it is converted; begun anew after a crash
/// servers/{id}/root.disk             raw; also ephemeral.disk and swap.disk
/// servers/{id}/*.partial             a disk in the making; begun anew after a crash
/// </code>
/// A name without <c>partial</c> in it is whole: it got its name by rename(2) after fsync(2).
/// </summary>
internal sealed class StorageLayout
{
    public StorageLayout(string dataFolder)
    {
        Images = Path.Combine(dataFolder, "images");
        Partial = Path.Combine(Images, "partial");
        Directory.CreateDirectory(Partial, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Images { get; }

    public string Partial { get; }

    public string ImagePath(string sha512) => Path.Combine(Images, sha512);

    public string FetchPath(string sha512) => Path.Combine(Partial, sha512 + ".fetch");

    public string ConversionPath(string sha512) => Path.Combine(Partial, sha512 + ".raw");
}
