using System.Buffers.Binary;
using System.Text;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Firmware;

namespace Appliance.Agent.Tests.Vmm.Firmware;

/// <summary>The script carried out as firmware does, SeaBIOS src/fw/romfile_loader.c: afterwards every table is reached and sums to zero.</summary>
public sealed class AcpiLoaderTests
{
    private const ulong TablesAt = 0x0FFD_0000;

    private readonly Dictionary<string, byte[]> _files = AcpiLoader
        .MakeFiles(AcpiTables.Make(new AcpiMachine(3, 5, true, [])))
        .ToDictionary(static file => file.Name, static file => file.Content);

    [Fact]
    public void A_firmware_that_obeys_the_script_has_whole_tables()
    {
        byte[] script = _files["etc/table-loader"];
        Assert.Equal(0, script.Length % 128);
        var allocated = new List<string>();
        for (int at = 0; at < script.Length; at += 128)
            Obey(script.AsSpan(at, 128), allocated);

        byte[] rsdp = _files["etc/acpi/rsdp"];
        Assert.Equal((0, 0), (Sum(rsdp.AsSpan(0, 20)), Sum(rsdp)));
        byte[] xsdt = Table(BinaryPrimitives.ReadUInt64LittleEndian(rsdp.AsSpan(24)), "XSDT");
        byte[] fadt = Table(BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(36)), "FACP");
        Table(BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(44)), "APIC");
        Table(BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(140)), "DSDT");
    }

    private void Obey(ReadOnlySpan<byte> command, List<string> allocated)
    {
        string file = Name(command[4..]);
        int first = BinaryPrimitives.ReadInt32LittleEndian(command[60..]);
        switch (BinaryPrimitives.ReadUInt32LittleEndian(command))
        {
            case 1:
                allocated.Add(file);
                Assert.Equal(file == "etc/acpi/rsdp" ? (byte)2 : (byte)1, command[64]);
                break;
            case 2:
                int at = BinaryPrimitives.ReadInt32LittleEndian(command[116..]);
                Assert.Equal((8, "etc/acpi/tables"), (command[120], Name(command[60..])));
                Assert.Contains(file, allocated);
                var field = _files[file].AsSpan(at, 8);
                BinaryPrimitives.WriteUInt64LittleEndian(field, BinaryPrimitives.ReadUInt64LittleEndian(field) + TablesAt);
                break;
            case 3:
                int start = BinaryPrimitives.ReadInt32LittleEndian(command[64..]), length = BinaryPrimitives.ReadInt32LittleEndian(command[68..]);
                _files[file][first] -= Sum(_files[file].AsSpan(start, length));
                break;
            default:
                Assert.Fail("an unknown command");
                break;
        }
    }

    private byte[] Table(ulong address, string signature)
    {
        var bytes = _files["etc/acpi/tables"].AsSpan((int)(address - TablesAt));
        byte[] table = bytes[..BinaryPrimitives.ReadInt32LittleEndian(bytes[4..])].ToArray();
        Assert.Equal((signature, 0), (Encoding.ASCII.GetString(table, 0, 4), Sum(table)));
        return table;
    }

    private static string Name(ReadOnlySpan<byte> field) => Encoding.ASCII.GetString(field[..field.IndexOf((byte)0)]);

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
            sum += value;
        return sum;
    }
}
