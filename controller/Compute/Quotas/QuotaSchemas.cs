using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Quotas;

/// <summary>Limits in request bodies (nova/api/openstack/compute/schemas/quota_sets.py, quota_classes.py).</summary>
internal static class QuotaSchemas
{
    /// <summary>An object of limits by resource; further members may be allowed on it.</summary>
    public static JsonSchema Limits()
    {
        var schema = JsonSchema.Object.Closed();
        foreach (var (resource, _) in QuotaLimits.All)
            schema.Property(resource, JsonSchema.Of("integer", "string").Pattern("^-?[0-9]+$").Rule(CheckNumber));
        return schema;
    }

    /// <param name="limits">Already checked.</param>
    public static Dictionary<string, long> Read(JsonElement limits) => QuotaLimits.All
        .Select(entry => (entry.Resource, Limit: limits.Int64OrNull(entry.Resource)))
        .Where(static entry => entry.Limit is not null)
        .ToDictionary(static entry => entry.Resource, static entry => entry.Limit!.Value);

    private static string? CheckNumber(JsonElement value)
    {
        var text = PythonText.Str(value);
        if (!double.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return null;          // the pattern has its own message
        if (number < -1)
            return $"{PythonText.Repr(value)} is less than the minimum of -1";
        return number > int.MaxValue ? $"{PythonText.Repr(value)} is greater than the maximum of {int.MaxValue}" : null;
    }
}
