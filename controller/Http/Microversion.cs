namespace Appliance.Controller.Http;

/// <summary>A version of an API's wire format, such as 2.79. Services without microversions use <see cref="None"/>.</summary>
internal readonly record struct Microversion(int Major, int Minor) : IComparable<Microversion>
{
    public static readonly Microversion None;

    public int CompareTo(Microversion other) => Major != other.Major ? Major.CompareTo(other.Major) : Minor.CompareTo(other.Minor);

    public static bool operator <(Microversion left, Microversion right) => left.CompareTo(right) < 0;
    public static bool operator >(Microversion left, Microversion right) => left.CompareTo(right) > 0;
    public static bool operator <=(Microversion left, Microversion right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Microversion left, Microversion right) => left.CompareTo(right) >= 0;

    public static bool TryParse(string text, out Microversion version)
    {
        version = None;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || dot > 3 || text.Length - dot - 1 is < 1 or > 5
            || !int.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            || !int.TryParse(text.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
            || (text[dot + 1] == '0' && text.Length > dot + 2))
            return false;

        version = new Microversion(major, minor);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");
}

/// <summary>The range a service honours, and the headers clients ask with.</summary>
/// <param name="ServiceType">The word in <c>OpenStack-API-Version: compute 2.79</c>.</param>
/// <param name="LegacyHeader">Older header that carries the version alone; null when there is none.</param>
internal sealed record MicroversionRange(string ServiceType, Microversion Min, Microversion Max, string? LegacyHeader = null)
{
    public const string Header = "OpenStack-API-Version";

    /// <summary>The version a request asks for, the minimum when it does not say.</summary>
    public Outcome<Microversion> Select(IHeaderDictionary headers)
    {
        if (FindAsked(headers) is not { } asked)
            return Min;
        if (asked.Equals("latest", StringComparison.OrdinalIgnoreCase))
            return Max;
        if (!Microversion.TryParse(asked, out var version))
            return new Fault(FaultKind.Invalid,
                $"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum.", Code: "VersionFormat");
        if (version < Min || version > Max)
            return new Fault(FaultKind.NotAcceptable,
                $"Version {version} is not supported by the API. Minimum is {Min} and maximum is {Max}.", Code: "VersionRange");
        return version;
    }

    private string? FindAsked(IHeaderDictionary headers)
    {
        foreach (var line in headers[Header])
        {
            foreach (var entry in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                var space = entry.IndexOf(' ', StringComparison.Ordinal);
                if (space > 0 && entry.AsSpan(0, space).Equals(ServiceType, StringComparison.OrdinalIgnoreCase))
                    return entry[(space + 1)..].Trim();
            }
        }

        return LegacyHeader is not null && headers.TryGetValue(LegacyHeader, out var legacy) ? legacy[0]?.Trim() : null;
    }
}
