using System.Buffers.Binary;
using System.Text;
using Appliance.Vmm.Smbios;

namespace Appliance.Agent.Tests.Vmm.Firmware;

public sealed class SmbiosTablesTests
{
    private static readonly SystemIdentity Identity = new(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), "Appliance", "OpenStack Compute");

    [Fact]
    public void The_system_says_its_product_and_UUID_and_the_table_ends()
    {
        byte[] tables = SmbiosTables.Make(Identity);
        int system = NextOf(tables, 0);
        Assert.Equal((1, 27), (tables[system], tables[system + 1]));
        // Little-endian fields first, as SMBIOS has them (DSP0134 §7.2.1).
        Assert.Equal("33221100554477668899AABBCCDDEEFF", Convert.ToHexString(tables, system + 8, 16));
        string strings = Encoding.ASCII.GetString(tables, system + 27, NextOf(tables, system) - system - 27);
        Assert.Equal(["Appliance", "OpenStack Compute", "1", Identity.Uuid.ToString(), "Virtual Machine"], strings.Split('\0', StringSplitOptions.RemoveEmptyEntries));
        int end = NextOf(tables, system);
        Assert.Equal((127, tables.Length), (tables[end], NextOf(tables, end)));
    }

    [Fact]
    public void The_anchor_points_to_the_tables_and_sums_to_zero()
    {
        byte[] anchor = SmbiosTables.MakeAnchor(0xF0020, 300);
        Assert.Equal("_SM3_", Encoding.ASCII.GetString(anchor, 0, 5));
        Assert.Equal(0xF0020UL, BinaryPrimitives.ReadUInt64LittleEndian(anchor.AsSpan(16)));
        Assert.Equal(0, anchor.Aggregate(0, static (sum, value) => (sum + value) & 0xFF));
    }

    private static int NextOf(byte[] tables, int start)
    {
        int at = start + tables[start + 1];
        while (tables[at] != 0 || tables[at + 1] != 0)
            at++;
        return at + 2;
    }
}
