using Appliance.Protocol.Documents;

namespace Appliance.Agent.Storage;

/// <summary>
/// Where a node keeps bytes, below its data folder, all on one file system so that disks can share blocks with images:
/// <code>
/// images/{name}                      an image as raw bytes, sparse, read-only, complete; its name: NameOf
/// images/partial/{name}.fetch        an image as it arrives; a later fetch goes on at its end
/// images/partial/{name}.raw          the same while it is converted; begun anew after a crash
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

    /// <summary>
    /// What an image is kept under: its SHA-512 and how it is read. The same bytes as qcow2 and as raw are two disks; were they one file, a
    /// tenant who uploads the bytes of somebody's image under the other format would give that image's servers a wrong disk.
    /// </summary>
    public static string NameOf(ImageDocument image) => image.DiskFormat == DiskFormats.Qcow2 ? image.Sha512 + "-qcow2" : image.Sha512;

    public string ImagePath(string name) => Path.Combine(Images, name);

    public string FetchPath(string name) => Path.Combine(Partial, name + ".fetch");

    public string ConversionPath(string name) => Path.Combine(Partial, name + ".raw");
}
