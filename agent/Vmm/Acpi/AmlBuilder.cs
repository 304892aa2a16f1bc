using System.Buffers.Binary;
using System.Text;

namespace Appliance.Vmm.Acpi;

/// <summary>Writes AML, the byte code of ACPI tables; ACPI 6.5 §20.2. Covers what the VMM's tables say, not the language.</summary>
internal sealed class AmlBuilder
{
    private const byte ZeroOp = 0x00, OneOp = 0x01, NameOp = 0x08, BytePrefix = 0x0A, WordPrefix = 0x0B, DWordPrefix = 0x0C, StringPrefix = 0x0D;
    private const byte ScopeOp = 0x10, BufferOp = 0x11, PackageOp = 0x12, MethodOp = 0x14, ExtOpPrefix = 0x5B, DeviceOp = 0x82;
    private const byte Arg0Op = 0x68, NotifyOp = 0x86, LEqualOp = 0x93, IfOp = 0xA0;

    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public void Scope(string name, Action<AmlBuilder> body) => Block([ScopeOp], name, body);

    public void Device(string name, Action<AmlBuilder> body) => Block([ExtOpPrefix, DeviceOp], name, body);

    /// <summary>A method of up to 7 arguments, not serialized.</summary>
    public void Method(string name, int arguments, Action<AmlBuilder> body) => Block([MethodOp], name, inner =>
    {
        inner._bytes.Add((byte)arguments);
        body(inner);
    });

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

    /// <summary>In a method: if its first argument is a number, notify a device.</summary>
    public void NotifyWhenFirstArgumentIs(uint value, string device, byte notification)
    {
        var inner = new AmlBuilder();
        inner._bytes.AddRange([LEqualOp, Arg0Op]);
        inner.Integer(value);
        inner._bytes.Add(NotifyOp);
        inner.AddName(device);
        inner.Integer(notification);
        _bytes.Add(IfOp);
        AddLengthAnd(inner._bytes);
    }

    private void Block(ReadOnlySpan<byte> opcode, string name, Action<AmlBuilder> body)
    {
        var inner = new AmlBuilder();
        inner.AddName(name);
        body(inner);
        _bytes.AddRange(opcode);
        AddLengthAnd(inner._bytes);
    }

    // One segment of exactly four characters, optionally from the root.
    private void AddName(string name)
    {
        string segment = name.TrimStart('\\');
        if (segment.Length != 4)
            throw new ArgumentException($"'{name}' is not one segment of four characters", nameof(name));
        _bytes.AddRange(Encoding.ASCII.GetBytes(name));
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
