using System.Buffers.Binary;
using System.Text;
using Appliance.Vmm.Acpi;

namespace Appliance.Vmm.Firmware;

/// <summary>
/// ACPI tables for firmware, which chooses where they go: the tables, and the script that makes it link them. Script commands as
/// firmware reads them: SeaBIOS src/fw/romfile_loader.h.
/// </summary>
internal static class AcpiLoader
{
    private const string TablesFile = "etc/acpi/tables", RsdpFile = "etc/acpi/rsdp", ScriptFile = "etc/table-loader";

    private const int CommandBytes = 128;
    private const int FileBytes = 56;
    private const uint ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3;
    private const byte ZONE_HIGH = 1, ZONE_FSEG = 2;
    private const byte PointerBytes = 8;

    // The alignment by which kernels search for the RSDP, and that of the tables.
    private const uint RsdpAlignment = 16, TablesAlignment = 64;

    public static IReadOnlyList<FirmwareFile> MakeFiles(AcpiBlob blob)
    {
        byte[] tables = [.. blob.Bytes], rsdp = AcpiTables.MakeRsdp((ulong)blob.Xsdt);
        var script = new List<byte>();
        script.AddRange(Allocate(RsdpFile, RsdpAlignment, ZONE_FSEG));
        script.AddRange(Allocate(TablesFile, TablesAlignment, ZONE_HIGH));
        foreach (int pointer in blob.Pointers)
            script.AddRange(AddPointer(TablesFile, pointer));
        foreach (var table in blob.Tables)
        {
            tables[table.Start + AcpiTable.ChecksumAt] = 0;
            script.AddRange(AddChecksum(TablesFile, table.Start + AcpiTable.ChecksumAt, table.Start, table.LengthBytes));
        }

        rsdp[AcpiTables.RsdpChecksum] = rsdp[AcpiTables.RsdpExtendedChecksum] = 0;
        script.AddRange(AddPointer(RsdpFile, AcpiTables.RsdpXsdt));
        script.AddRange(AddChecksum(RsdpFile, AcpiTables.RsdpChecksum, 0, AcpiTables.RsdpChecksumBytes));
        script.AddRange(AddChecksum(RsdpFile, AcpiTables.RsdpExtendedChecksum, 0, AcpiTables.RsdpBytes));
        return [new(RsdpFile, rsdp), new(TablesFile, tables), new(ScriptFile, [.. script])];
    }

    private static byte[] Allocate(string file, uint alignment, byte zone)
    {
        byte[] command = Command(ALLOCATE, file);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(4 + FileBytes), alignment);
        command[8 + FileBytes] = zone;
        return command;
    }

    // Adds the address of the tables to what is in the file.
    private static byte[] AddPointer(string file, int at)
    {
        byte[] command = Command(ADD_POINTER, file);
        Encoding.ASCII.GetBytes(TablesFile, command.AsSpan(4 + FileBytes));
        BinaryPrimitives.WriteInt32LittleEndian(command.AsSpan(4 + 2 * FileBytes), at);
        command[8 + 2 * FileBytes] = PointerBytes;
        return command;
    }

    private static byte[] AddChecksum(string file, int at, int start, int length)
    {
        byte[] command = Command(ADD_CHECKSUM, file);
        BinaryPrimitives.WriteInt32LittleEndian(command.AsSpan(4 + FileBytes), at);
        BinaryPrimitives.WriteInt32LittleEndian(command.AsSpan(8 + FileBytes), start);
        BinaryPrimitives.WriteInt32LittleEndian(command.AsSpan(12 + FileBytes), length);
        return command;
    }

    private static byte[] Command(uint number, string file)
    {
        byte[] command = new byte[CommandBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(command, number);
        Encoding.ASCII.GetBytes(file, command.AsSpan(4));
        return command;
    }
}
