using System.Text;

namespace Appliance.RackTests;

/// <summary>Files for an initramfs, format "newc" of Linux Documentation/driver-api/early-userspace/buffer-format.rst. Appended to another archive, its files are added.</summary>
internal sealed class CpioArchive
{
    private const int Directory = 0x41ED;       // 0755
    private const int Executable = 0x81ED;

    private readonly MemoryStream _bytes = new();
    private int _inode = 1_000_000;             // above those of the archive it is appended to

    /// <summary>A folder of the root.</summary>
    public CpioArchive AddFolder(string name)
    {
        AddEntry(name, Directory, []);
        return this;
    }

    public CpioArchive Add(string path, byte[] content)
    {
        AddEntry(path, Executable, content);
        return this;
    }

    public CpioArchive Add(string path, string text) => Add(path, Encoding.UTF8.GetBytes(text));

    public byte[] ToArray()
    {
        AddEntry("TRAILER!!!", 0, []);
        return _bytes.ToArray();
    }

    private void AddEntry(string name, int mode, byte[] content)
    {
        byte[] path = [.. Encoding.ASCII.GetBytes(name), 0];
        int[] fields = [_inode++, mode, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, path.Length, 0];
        _bytes.Write(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(static field => field.ToString("X8", CultureInfo.InvariantCulture)))));
        _bytes.Write(path);
        Pad();
        _bytes.Write(content);
        Pad();
    }

    private void Pad()
    {
        while (_bytes.Length % 4 != 0)
            _bytes.WriteByte(0);
    }
}
