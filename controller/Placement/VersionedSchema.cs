using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Placement;

/// <summary>A schema that changed with versions.</summary>
/// <param name="forms">In order of their first version.</param>
internal sealed class VersionedSchema(params (Microversion Since, JsonSchema Schema)[] forms)
{
    public JsonSchema Of(Microversion version) => forms.Last(form => version >= form.Since).Schema;
}
