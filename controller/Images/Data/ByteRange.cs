using Appliance.Controller.Http;
using Microsoft.Net.Http.Headers;

namespace Appliance.Controller.Images.Data;

/// <summary>The part of a file that a request asks for (RFC 9110 §14); several ranges at once are answered as the whole.</summary>
internal readonly record struct ByteRange(long Offset, long Length, bool IsWhole)
{
    public static Outcome<ByteRange> Read(string? header, long size)
    {
        if (string.IsNullOrEmpty(header) || !RangeHeaderValue.TryParse(header, out var parsed)
            || parsed.Unit != "bytes" || parsed.Ranges.Count != 1)
            return new ByteRange(0, size, IsWhole: true);

        var range = parsed.Ranges.First();
        var (from, to) = range.From is { } first
            ? (first, Math.Min(range.To ?? size - 1, size - 1))
            : (Math.Max(0, size - range.To!.Value), size - 1);
        if (from >= size || to < from)
            return new Fault(FaultKind.RangeNotSatisfiable, $"The range {header} lies outside the image of {size} bytes.");
        return new ByteRange(from, to - from + 1, IsWhole: false);
    }
}
