using System.Buffers.Binary;
using System.Text;

namespace Appliance.Vmm.Acpi;

/// <summary>Writes AML, the byte code of ACPI tables; ACPI 6.5 §20.2. Covers what the VMM's tables say, not the language.</summary>
internal sealed class AmlBuilder
{
    private const byte ZeroOp = 0x00, OneOp = 0x01, NameOp = 0x08, BytePrefix = 0x0A, WordPrefix = 0x0B, DWordPrefix = 0x0C, StringPrefix = 0x0D;
    private const byte ScopeOp = 0x10, BufferOp = 0x11, PackageOp = 0x12, MethodOp = 0x14, ExtOpPrefix = 0x5B, DeviceOp = 0x82;
    private const byte RegionOp = 0x80, FieldOp = 0x81, Local0Op = 0x60, Arg0Op = 0x68, StoreOp = 0x70, AndOp = 0x7B, NotifyOp = 0x86;
    private const byte LEqualOp = 0x93, IfOp = 0xA0, DualNamePrefix = 0x2E, MultiNamePrefix = 0x2F, SystemIo = 1, Serialized = 1 << 3;

    // Any of 32 bits at once; what is not named is written as zeros.
    private const byte DWordAccessWriteAsZeros = 0x43;

    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public void Scope(string name, Action<AmlBuilder> body) => Block([ScopeOp], name, body);

    public void Device(string name, Action<AmlBuilder> body) => Block([ExtOpPrefix, DeviceOp], name, body);

    /// <summary>A method of up to 7 arguments, which runs once at a time.</summary>
    public void Method(string name, int arguments, Action<AmlBuilder> body) => Block([MethodOp], name, inner =>
    {
        inner._bytes.Add((byte)(arguments | Serialized));
        body(inner);
    });

    /// <summary>A range of I/O ports as registers of 32 bits, each with a name; §19.6.100 OperationRegion, §19.6.46 Field.</summary>
    public void Ports(string region, ushort start, params ReadOnlySpan<string> registers)
    {
        _bytes.AddRange([ExtOpPrefix, RegionOp]);
        AddName(region);
        _bytes.Add(SystemIo);
        Integer(start);
        Integer((uint)registers.Length * sizeof(uint));
        var fields = new AmlBuilder();
        fields.AddName(region);
        fields._bytes.Add(DWordAccessWriteAsZeros);
        foreach (string register in registers)
        {
            fields.AddName(register);
            fields._bytes.Add(32);
        }

        _bytes.AddRange([ExtOpPrefix, FieldOp]);
        AddLengthAnd(fields._bytes);
    }

    public void Name(string name, uint value)
    {
        _bytes.Add(NameOp);
        AddName(name);
        Integer(value);
    }

    public void Name(string name, string value)
    {
        _bytes.Add(NameOp);
        AddName(name);
        _bytes.Add(StringPrefix);
        _bytes.AddRange(Encoding.ASCII.GetBytes(value));
        _bytes.Add(0);
    }

    /// <summary>An identifier of the compressed form, "PNP0501"; ACPI 6.5 §19.3.4 EISAID.</summary>
    public void EisaId(string name, string id)
    {
        uint value = ((uint)(id[0] - '@') << 26) | ((uint)(id[1] - '@') << 21) | ((uint)(id[2] - '@') << 16) | Convert.ToUInt32(id[3..], 16);
        Name(name, BinaryPrimitives.ReverseEndianness(value));
    }

    public void Package(string name, params ReadOnlySpan<uint> values)
    {
        var inner = new AmlBuilder();
        inner._bytes.Add((byte)values.Length);
        foreach (uint value in values)
            inner.Integer(value);
        _bytes.Add(NameOp);
        AddName(name);
        _bytes.Add(PackageOp);
        AddLengthAnd(inner._bytes);
    }

    /// <summary>A resource template; the bytes of its descriptors without the end tag.</summary>
    public void Resources(string name, ReadOnlySpan<byte> descriptors)
    {
        var inner = new AmlBuilder();
        inner.Integer((uint)descriptors.Length + 2);
        inner._bytes.AddRange(descriptors);
        inner._bytes.AddRange([0x79, 0]);               // end tag, checksum not used
        _bytes.Add(NameOp);
        AddName(name);
        _bytes.Add(BufferOp);
        AddLengthAnd(inner._bytes);
    }

    /// <summary>In a method: reads a register into a local variable.</summary>
    /// <param name="local">0 to 7.</param>
    public void Load(string register, int local)
    {
        _bytes.Add(StoreOp);
        AddName(register);
        _bytes.Add((byte)(Local0Op + local));
    }

    /// <summary>In a method: writes a register.</summary>
    public void Store(uint value, string register)
    {
        _bytes.Add(StoreOp);
        Integer(value);
        AddName(register);
    }

    /// <summary>In a method: what follows only if its first argument is a number.</summary>
    public void WhenFirstArgumentIs(uint value, Action<AmlBuilder> body)
    {
        var inner = new AmlBuilder();
        inner._bytes.AddRange([LEqualOp, Arg0Op]);
        inner.Integer(value);
        body(inner);
        _bytes.Add(IfOp);
        AddLengthAnd(inner._bytes);
    }

    /// <summary>In a method: what follows only if a local variable has one of some bits.</summary>
    public void WhenHas(int local, uint bits, Action<AmlBuilder> body)
    {
        var inner = new AmlBuilder();
        inner._bytes.AddRange([AndOp, (byte)(Local0Op + local)]);
        inner.Integer(bits);
        inner._bytes.Add(ZeroOp);                       // the result goes nowhere but to the If
        body(inner);
        _bytes.Add(IfOp);
        AddLengthAnd(inner._bytes);
    }

    /// <summary>In a method: tells whoever drives a device.</summary>
    public void Notify(string device, byte notification)
    {
        _bytes.Add(NotifyOp);
        AddName(device);
        Integer(notification);
    }

    /// <summary>In a method: calls one without arguments.</summary>
    public void Call(string method) => AddName(method);

    private void Block(ReadOnlySpan<byte> opcode, string name, Action<AmlBuilder> body)
    {
        var inner = new AmlBuilder();
        inner.AddName(name);
        body(inner);
        _bytes.AddRange(opcode);
        AddLengthAnd(inner._bytes);
    }

    // Segments of exactly four characters with dots between, optionally from the root; §20.2.2.
    private void AddName(string name)
    {
        string[] segments = name.TrimStart('\\').Split('.');
        if (Array.Exists(segments, static segment => segment.Length != 4))
            throw new ArgumentException($"'{name}' is not made of segments of four characters", nameof(name));
        if (name[0] == '\\')
            _bytes.Add((byte)'\\');
        if (segments.Length == 2)
            _bytes.Add(DualNamePrefix);
        else if (segments.Length > 2)
            _bytes.AddRange([MultiNamePrefix, (byte)segments.Length]);
        foreach (string segment in segments)
            _bytes.AddRange(Encoding.ASCII.GetBytes(segment));
    }

    private void Integer(uint value)
    {
        switch (value)
        {
            case 0 or 1:
                _bytes.Add(value == 0 ? ZeroOp : OneOp);
                break;
            case <= byte.MaxValue:
                _bytes.AddRange([BytePrefix, (byte)value]);
                break;
            case <= ushort.MaxValue:
                _bytes.AddRange([WordPrefix, (byte)value, (byte)(value >> 8)]);
                break;
            default:
                _bytes.AddRange([DWordPrefix, (byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24)]);
                break;
        }
    }

    // PkgLength counts its own bytes: 1 byte up to 63, then 4 bits and a byte more each; ACPI 6.5 §20.2.4.
    private void AddLengthAnd(List<byte> content)
    {
        int length = content.Count;
        if (length + 1 < 1 << 6)
        {
            _bytes.Add((byte)(length + 1));
        }
        else
        {
            int extra = length + 2 < 1 << 12 ? 1 : length + 3 < 1 << 20 ? 2 : 3;
            int total = length + 1 + extra;
            _bytes.Add((byte)((extra << 6) | (total & 0xF)));
            for (int i = 0; i < extra; i++)
                _bytes.Add((byte)(total >> (4 + 8 * i)));
        }

        _bytes.AddRange(content);
    }
}
