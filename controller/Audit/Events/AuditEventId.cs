using System.Buffers.Binary;

namespace Appliance.Controller.Audit.Events;

/// <summary>
/// Ids of events: UUIDs of version 8 that hold the site's number and the place in the change log, so that an id says where its event is
/// without being stored. RFC 9562, 5.8.
/// </summary>
internal static class AuditEventId
{
    private const ulong VersionMask = 0xF000;
    private const ulong Version8 = 0x8000;
    private const ulong Variant = 1UL << 63;
    private const ulong VariantMask = 3UL << 62;

    public static string Of(ulong site, long sequence)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (site & ~VersionMask) | Version8);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], ((ulong)sequence & ~VariantMask) | Variant);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    /// <summary>Null: no id of this site.</summary>
    public static long? Parse(ulong site, string id)
    {
        if (!Guid.TryParseExact(id, "D", out var guid))
            return null;
        Span<byte> bytes = stackalloc byte[16];
        guid.TryWriteBytes(bytes, bigEndian: true, out _);
        var rest = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes) == ((site & ~VersionMask) | Version8) && (rest & VariantMask) == Variant
            ? (long)(rest & ~VariantMask)
            : null;
    }
}
