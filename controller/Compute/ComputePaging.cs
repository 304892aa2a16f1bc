using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary><c>limit</c> and <c>marker</c> as Nova takes them: a bad limit is a 400, a large one is cut, 0 gets nothing.</summary>
internal static class ComputePaging
{
    /// <summary>Nova's default for <c>[api] max_limit</c>.</summary>
    public const int MaxLimit = 1000;

    public static Outcome<Page> Read(ApiRequest request)
    {
        foreach (var text in request.Query["limit"])
        {
            if (text is null || text.Length == 0 || !text.All(char.IsAsciiDigit))
                return ComputeSchemas.InvalidQuery("limit", text ?? "", $"'{text}' does not match '^[0-9]*$'");
        }

        var marker = request.QueryValue("marker") is { Length: > 0 } id ? id : null;
        // Digits too many for an integer are a limit beyond every list.
        var limit = int.TryParse(request.QueryValue("limit"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : MaxLimit;
        return new Page(Math.Min(limit, MaxLimit), marker);
    }
}
