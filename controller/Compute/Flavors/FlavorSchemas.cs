using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Flavors;

/// <summary>Request bodies of flavors (nova/api/openstack/compute/schemas/flavors.py, flavors_extraspecs.py, flavor_access.py).</summary>
internal static class FlavorSchemas
{
    private const double MaxRxtxFactor = 3.40282e+38;

    public static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("flavor", JsonSchema.Object.Closed()
        .Required("name", ComputeSchemas.Name)
        .Property("id", JsonSchema.Of("string", "number", "null").Length(1, 255).Pattern("^(?! )[a-zA-Z0-9. _-]+(?<! )$"))
        .Required("ram", ComputeSchemas.IntegerOrDigits(1))
        .Required("vcpus", ComputeSchemas.IntegerOrDigits(1))
        .Required("disk", ComputeSchemas.IntegerOrDigits(0))
        .Property("OS-FLV-EXT-DATA:ephemeral", ComputeSchemas.IntegerOrDigits(0))
        .Property("swap", ComputeSchemas.IntegerOrDigits(0))
        .Property("rxtx_factor", JsonSchema.Of("number", "string").Pattern(@"^[0-9]+(\.[0-9]+)?$").Rule(CheckRxtxFactor))
        .Property("os-flavor-access:is_public", ComputeSchemas.Boolean));

    public static readonly JsonSchema ExtraSpecs = JsonSchema.Object.Closed().Required("extra_specs", SpecValues());
    public static readonly JsonSchema OneExtraSpec = SpecValues().Properties(1, 1);
    public static readonly JsonSchema AddAccess = Access("addTenantAccess");
    public static readonly JsonSchema RemoveAccess = Access("removeTenantAccess");

    private static JsonSchema SpecValues() => JsonSchema.Object.Closed()
        .PatternProperty(ComputeSchemas.MetadataKey, JsonSchema.Of("string", "number").Length(null, 255));

    private static JsonSchema Access(string action) => JsonSchema.Object.Closed()
        .Required(action, JsonSchema.Object.Closed().Required("tenant", JsonSchema.String(1, 255)));

    private static string? CheckRxtxFactor(JsonElement value)
    {
        if (!double.TryParse(PythonText.Str(value), NumberStyles.Float, CultureInfo.InvariantCulture, out var factor))
            return null;          // the pattern has its own message
        if (factor <= 0)
            return $"{PythonText.Repr(value)} is less than or equal to the minimum of 0";
        return factor > MaxRxtxFactor ? $"{PythonText.Repr(value)} is greater than the maximum of 3.40282e+38" : null;
    }
}
