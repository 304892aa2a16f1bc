using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Appliance.Linux.Libc;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Watchdogs;

namespace Appliance.Agent.Tests.Vmm.Acpi;

public sealed class AcpiTablesTests : IDisposable
{
    private readonly Fd _file = MemoryFiles.Create("guest", 2 << 20);
    private readonly GuestMemory _memory;

    public AcpiTablesTests() => _memory = new GuestMemory(2 << 20, _file);

    public void Dispose()
    {
        _memory.Dispose();
        _file.Dispose();
    }

    [Theory]
    [InlineData(1, true, 0)]
    [InlineData(4, false, 18)]
    [InlineData(300, true, 2)]
    public void Every_table_is_reached_from_the_root_and_sums_to_zero(int cpus, bool hasPci, int mmioDevices)
    {
        ulong rsdp = AcpiTables.Write(_memory, Machine(cpus, hasPci, mmioDevices));
        var root = _memory.Slice(rsdp, 36);
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(root[..8]));
        Assert.Equal((0, 0), (Sum(root[..20]), Sum(root)));

        var xsdt = Table(BinaryPrimitives.ReadUInt64LittleEndian(root[24..]), "XSDT");
        var fadt = Table(BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(36)), "FACP");
        var madt = Table(BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(44)), "APIC");
        Table(BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(140)), "DSDT");
        Assert.Equal(276, fadt.Length);
        Assert.Equal(1u << 20, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(112)) & (1u << 20));
        Assert.Equal(0, fadt[109] & 2);                 // no 8042
        Assert.Equal(cpus, CountProcessors(madt));
    }

    [Fact]
    public void The_watchdog_table_is_listed_and_says_how_to_use_the_device()
    {
        ulong rsdp = AcpiTables.Write(_memory, Machine(1, true, 0) with { HasWatchdog = true });
        var xsdt = Table(BinaryPrimitives.ReadUInt64LittleEndian(_memory.Slice(rsdp, 36)[24..]), "XSDT");
        var wdat = Table(BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(52)), "WDAT");
        int entries = BinaryPrimitives.ReadInt32LittleEndian(wdat.AsSpan(64));
        Assert.Equal(68 + 24 * entries, wdat.Length);
        Assert.Equal((1, 0x80), (wdat[60] & 1, wdat[60] & 0x80));
        // "Reset" is a write of 1 to the kick register.
        Assert.Equal((byte)1, wdat[68]);
        Assert.Equal((ulong)(Watchdog.Start + Watchdog.Kick), BinaryPrimitives.ReadUInt64LittleEndian(wdat.AsSpan(68 + 8)));
    }

    [Fact]
    public void The_compiler_of_the_reference_implementation_reads_the_DSDT()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/iasl"), "no iasl (acpica-tools)");
        string folder = Directory.CreateTempSubdirectory("acpi").FullName;
        File.WriteAllBytes($"{folder}/dsdt.aml", Dsdt.Make(Machine(2, true, 3)));
        using var iasl = Process.Start(new ProcessStartInfo("/usr/bin/iasl", ["-d", $"{folder}/dsdt.aml"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = iasl.StandardOutput.ReadToEnd() + iasl.StandardError.ReadToEnd();
        iasl.WaitForExit();
        string source = File.ReadAllText($"{folder}/dsdt.dsl");
        Directory.Delete(folder, recursive: true);

        Assert.DoesNotContain("Error", output, StringComparison.Ordinal);
        Assert.Contains("EisaId (\"PNP0A03\")", source, StringComparison.Ordinal);
        Assert.Contains("Notify (PWRB, 0x80)", source, StringComparison.Ordinal);
        Assert.Contains("Notify (VGEN, 0x80)", source, StringComparison.Ordinal);
        Assert.Contains("Notify (S01F, 0x03)", source, StringComparison.Ordinal);
        Assert.Contains("OperationRegion (EVTR, SystemIO, 0x0610, 0x10)", source, StringComparison.Ordinal);
        Assert.Contains("PCIE = 0x80000000", source, StringComparison.Ordinal);
        Assert.Contains(@"\_SB.PCI0.PCNT ()", source, StringComparison.Ordinal);
        Assert.Contains("Device (VR02)", source, StringComparison.Ordinal);
    }

    private static AcpiMachine Machine(int cpus, bool hasPci, int mmioDevices) => new(
        cpus, 5, hasPci, [.. Enumerable.Range(0, mmioDevices).Select(static i => new AcpiMmioDevice(0xD000_0000 + (uint)i * 0x1000, 0x200, 6 + (uint)i))]);

    private byte[] Table(ulong address, string signature)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_memory.Slice(address + 4, 4));
        byte[] table = _memory.Slice(address, length).ToArray();
        Assert.Equal(signature, Encoding.ASCII.GetString(table, 0, 4));
        Assert.Equal(0, Sum(table));
        return table;
    }

    private static int CountProcessors(byte[] madt)
    {
        int count = 0;
        for (int at = 44; at < madt.Length; at += madt[at + 1])
            count += madt[at] is 0 or 9 ? 1 : 0;
        return count;
    }

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
            sum += value;
        return sum;
    }
}
