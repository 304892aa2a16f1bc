using System.Buffers.Binary;

namespace Appliance.Vmm.Acpi;

/// <summary>ACPI tables one behind the other, not yet at an address: pointers between them are positions in the blob.</summary>
/// <param name="Tables">Where each table is.</param>
/// <param name="Pointers">Positions of the 64-bit pointers.</param>
/// <param name="Xsdt">Position of the root table.</param>
internal sealed record AcpiBlob(byte[] Bytes, IReadOnlyList<AcpiTableExtent> Tables, IReadOnlyList<int> Pointers, int Xsdt)
{
    /// <summary>The bytes as they have to be at an address.</summary>
    public byte[] MoveTo(ulong address)
    {
        byte[] moved = [.. Bytes];
        foreach (int pointer in Pointers)
        {
            var field = moved.AsSpan(pointer);
            BinaryPrimitives.WriteUInt64LittleEndian(field, BinaryPrimitives.ReadUInt64LittleEndian(field) + address);
        }

        foreach (var table in Tables)
        {
            var bytes = moved.AsSpan(table.Start, table.LengthBytes);
            bytes[AcpiTable.ChecksumAt] = 0;
            bytes[AcpiTable.ChecksumAt] = AcpiTable.Checksum(bytes);
        }

        return moved;
    }
}

/// <summary>A table's place in a blob.</summary>
internal readonly record struct AcpiTableExtent(int Start, int LengthBytes);

/// <summary>Collects tables into a blob.</summary>
/// <param name="alignment">Of every table.</param>
internal sealed class AcpiBlobBuilder(int alignment)
{
    private readonly List<byte> _bytes = [];
    private readonly List<AcpiTableExtent> _tables = [];
    private readonly List<int> _pointers = [];

    /// <param name="pointers">Where in the table are positions of others.</param>
    /// <returns>Its position.</returns>
    public int Add(byte[] table, params ReadOnlySpan<int> pointers)
    {
        while (_bytes.Count % alignment != 0)
            _bytes.Add(0);
        int start = _bytes.Count;
        _bytes.AddRange(table);
        _tables.Add(new AcpiTableExtent(start, table.Length));
        foreach (int pointer in pointers)
            _pointers.Add(start + pointer);
        return start;
    }

    public AcpiBlob ToBlob(int xsdt) => new([.. _bytes], [.. _tables], [.. _pointers], xsdt);
}
