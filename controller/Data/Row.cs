using System.Data.Common;

namespace Appliance.Controller.Data;

/// <summary>The current row of a query, read by column position.</summary>
internal readonly struct Row(DbDataReader reader)
{
    public string String(int column) => reader.GetString(column);
    public string? NullableString(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    public int Int32(int column) => reader.GetInt32(column);
    public int? NullableInt32(int column) => reader.IsDBNull(column) ? null : reader.GetInt32(column);
    public long Int64(int column) => reader.GetInt64(column);
    public long? NullableInt64(int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column);
    public double Double(int column) => reader.GetDouble(column);
    public bool Bool(int column) => reader.GetInt64(column) != 0;
    public bool? NullableBool(int column) => reader.IsDBNull(column) ? null : reader.GetInt64(column) != 0;
    public byte[] Bytes(int column) => reader.GetFieldValue<byte[]>(column);
    public byte[]? NullableBytes(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);
    public DateTimeOffset Instant(int column) => Instants.FromStored(reader.GetInt64(column));
    public DateTimeOffset? NullableInstant(int column) => reader.IsDBNull(column) ? null : Instants.FromStored(reader.GetInt64(column));
}
