using Microsoft.AspNetCore.WebUtilities;

namespace Appliance.Controller.Http;

/// <summary>Reads <c>application/x-www-form-urlencoded</c> bodies of a few short values.</summary>
internal static class FormBody
{
    // Two ids, a secret and a word.
    private const int MaxValueLength = 4096;
    private const int MaxValues = 16;

    private const string ContentType = "application/x-www-form-urlencoded";

    /// <summary>Of a name given twice the last value. What is no form, or too large a one, has no values.</summary>
    public static async Task<Dictionary<string, string>> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (request.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) != true)
            return values;
        try
        {
            using var reader = new FormReader(request.Body) { KeyLengthLimit = MaxValueLength, ValueLengthLimit = MaxValueLength, ValueCountLimit = MaxValues };
            foreach (var (name, value) in await reader.ReadFormAsync(ct))
                values[name] = value.ToString();
        }
        catch (InvalidDataException)
        {
            values.Clear();
        }

        return values;
    }
}
