using Appliance.Controller.Http;

namespace Appliance.Controller.Images;

/// <summary>
/// The query of <c>GET /v2/images</c>: which images, in which order, from where. Source: glance/api/v2/images.py
/// <c>RequestDeserializer.index</c>, glance/db/sqlalchemy/api.py <c>image_get_all</c>.
/// </summary>
internal sealed class ImageQuery
{
    private static readonly string[] SortKeys = ["name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at"];
    private static readonly string[] MemberStatuses = ["pending", "accepted", "rejected", "all"];
    private static readonly string[] NotFilters = ["limit", "marker", "member_status", "sort", "sort_key", "sort_dir", "tag"];

    // glance-api.conf: limit_param_default, api_limit_max.
    private const int DefaultLimit = 25;
    private const int MaxLimit = 1000;

    private readonly List<(string Name, string Value)> _filters = [];
    private readonly List<string> _tags = [];
    private readonly List<(string Key, bool IsDescending)> _order = [];

    public int Limit { get; private init; }
    public string? Marker { get; private init; }

    /// <summary>In which state shared images must be for the member that lists them; <c>all</c> for any.</summary>
    public string MemberStatus { get; private init; } = "accepted";

    public string? Visibility => _filters.FirstOrDefault(static filter => filter.Name == "visibility").Value;

    public static Outcome<ImageQuery> Read(IQueryCollection query)
    {
        var memberStatus = query.TryGetValue("member_status", out var statuses) ? statuses[0]! : "accepted";
        if (!MemberStatuses.Contains(memberStatus))
            return new Fault(FaultKind.Invalid, $"Invalid status: {memberStatus}");
        if (Page.Read(query, null).Failed(out var badPage, out var page))
            return badPage;

        var read = new ImageQuery
        {
            Limit = Math.Min(page.Limit ?? DefaultLimit, MaxLimit),
            Marker = page.Marker,
            MemberStatus = memberStatus,
        };
        foreach (var (name, values) in query)
        {
            if (name == "tag")
                read._tags.AddRange(values.Select(static tag => tag!.Trim()));
            else if (!NotFilters.Contains(name))
                read._filters.Add((name, values[^1]!));
        }

        if (read.CheckFilters() is { } badFilter)
            return badFilter;
        return read.ReadOrder(query) is { } badOrder ? badOrder : read;
    }

    /// <summary>Whether the image passes every filter; visibility to the caller and membership are the caller's business.</summary>
    public bool Matches(Image image)
    {
        foreach (var tag in _tags)
        {
            if (!image.Tags.Contains(tag))
                return false;
        }

        if (image.IsHidden && !_filters.Exists(static filter => filter.Name == "os_hidden"))
            return false;
        return _filters.TrueForAll(filter => Matches(image, filter.Name, filter.Value));
    }

    public IOrderedEnumerable<Image> Sort(IEnumerable<Image> images)
    {
        IOrderedEnumerable<Image>? sorted = null;
        foreach (var (key, isDescending) in _order)
        {
            IComparable? Value(Image image) => SortValue(image, key);
            sorted = (sorted, isDescending) switch
            {
                (null, true) => images.OrderByDescending(Value),
                (null, false) => images.OrderBy(Value),
                ({ } before, true) => before.ThenByDescending(Value),
                ({ } before, false) => before.ThenBy(Value),
            };
        }

        // Ties are broken by the same keys as upstream, so that pages never overlap.
        var last = _order[^1].IsDescending;
        return last
            ? sorted!.ThenByDescending(static image => image.CreatedAt).ThenByDescending(static image => image.Id, StringComparer.Ordinal)
            : sorted!.ThenBy(static image => image.CreatedAt).ThenBy(static image => image.Id, StringComparer.Ordinal);
    }

    private Fault? CheckFilters()
    {
        foreach (var (name, value) in _filters)
        {
            switch (name)
            {
                case "visibility" when value != "all" && !ImageSchema.Visibilities.Contains(value):
                    return new Fault(FaultKind.Invalid, $"Invalid visibility value: {value}");
                case "changes-since":
                    return new Fault(FaultKind.Invalid, "The \"changes-since\" filter is no longer available on v2.");
                case "protected" or "os_hidden" when value.ToLowerInvariant() is not ("true" or "false"):
                    return new Fault(FaultKind.Invalid, $"Invalid value '{value}' for '{name}' filter: must be true or false");
                case "size_min" or "size_max" or "min_ram" or "min_disk" or "size"
                    when !long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _):
                    return new Fault(FaultKind.Invalid, $"Unable to filter on a range with a non-numeric value.");
                case "created_at" or "updated_at" when !TryReadTime(value, out _, out _):
                    return new Fault(FaultKind.Invalid, $"Unable to filter by time with '{value}': use OPERATOR:ISO8601, such as gte:2026-01-31T00:00:00Z");
                default:
                    break;
            }
        }

        return null;
    }

    private Fault? ReadOrder(IQueryCollection query)
    {
        var keys = query["sort_key"];
        var directions = query["sort_dir"];
        if (query.TryGetValue("sort", out var sort))
        {
            if (keys.Count > 0 || directions.Count > 0)
                return new Fault(FaultKind.Invalid, "Old and new sorting syntax cannot be combined");
            foreach (var part in sort[0]!.Split(','))
            {
                var colon = part.IndexOf(':', StringComparison.Ordinal);
                var fault = AddOrder(colon < 0 ? part : part[..colon], colon < 0 || colon == part.Length - 1 ? "desc" : part[(colon + 1)..]);
                if (fault is not null)
                    return fault;
            }

            return null;
        }

        if (directions.Count > 1 && directions.Count != keys.Count)
            return new Fault(FaultKind.Invalid, "Number of sort dirs does not match the number of sort keys");
        for (var i = 0; i < Math.Max(1, keys.Count); i++)
        {
            var direction = directions.Count switch { 0 => "desc", 1 => directions[0]!, _ => directions[i]! };
            if (AddOrder(keys.Count == 0 ? "created_at" : keys[i]!, direction) is { } fault)
                return fault;
        }

        return null;
    }

    private Fault? AddOrder(string key, string direction)
    {
        (key, direction) = (key.Trim(), direction.Trim());
        if (!SortKeys.Contains(key))
            return new Fault(FaultKind.Invalid, $"Invalid sort key: {key}. It must be one of the following: {string.Join(", ", SortKeys)}.");
        if (direction is not ("asc" or "desc"))
            return new Fault(FaultKind.Invalid, $"Invalid sort direction: {direction}");
        _order.Add((key, direction == "desc"));
        return null;
    }

    private static bool Matches(Image image, string name, string value) => name switch
    {
        "visibility" => value == "all" || image.Visibility == value,
        "owner" => image.Owner == value,
        "name" or "status" or "id" or "container_format" or "disk_format" => MatchesText(SortValue(image, name) as string, value),
        "checksum" => image.Checksum == value,
        "os_hash_value" => image.HashValue == value,
        "os_hash_algo" => image.HashValue is not null && value == "sha512",
        "protected" => image.IsProtected == bool.Parse(value),
        "os_hidden" => image.IsHidden == bool.Parse(value),
        "size" => image.SizeBytes == Number(value),
        "size_min" => image.SizeBytes >= Number(value),
        "size_max" => image.SizeBytes <= Number(value),
        "min_disk" => image.MinDiskGiB == Number(value),
        "min_ram" => image.MinRamMiB == Number(value),
        "created_at" => MatchesTime(image.CreatedAt, value),
        "updated_at" => MatchesTime(image.UpdatedAt, value),
        _ => image.Properties.TryGetValue(name, out var property) && property == value,
    };

    private static bool MatchesText(string? text, string filter) => filter.StartsWith("in:", StringComparison.Ordinal)
        ? filter[3..].Split(',').Select(static part => part.Trim().Trim('"')).Contains(text)
        : text == filter;

    private static bool MatchesTime(DateTimeOffset instant, string filter)
    {
        TryReadTime(filter, out var operation, out var other);
        return operation switch
        {
            "gt" => instant > other,
            "gte" => instant >= other,
            "lt" => instant < other,
            "lte" => instant <= other,
            "neq" => instant != other,
            _ => instant == other,
        };
    }

    private static bool TryReadTime(string filter, out string operation, out DateTimeOffset instant)
    {
        var colon = filter.IndexOf(':', StringComparison.Ordinal);
        operation = colon is > 0 and <= 3 ? filter[..colon] : "eq";
        return DateTimeOffset.TryParse(colon is > 0 and <= 3 ? filter[(colon + 1)..] : filter, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out instant) && operation is "gt" or "gte" or "lt" or "lte" or "eq" or "neq";
    }

    private static long Number(string value) => long.Parse(value, CultureInfo.InvariantCulture);

    private static IComparable? SortValue(Image image, string key) => key switch
    {
        "name" => image.Name,
        "status" => image.Status,
        "container_format" => image.ContainerFormat,
        "disk_format" => image.DiskFormat,
        "size" => image.SizeBytes,
        "id" => image.Id,
        "updated_at" => image.UpdatedAt,
        _ => image.CreatedAt,
    };
}
