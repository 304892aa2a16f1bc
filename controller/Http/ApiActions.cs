using System.Text.Json;

namespace Appliance.Controller.Http;

/// <summary>Operations that share <c>POST …/action</c>: the body's single member names the one that is meant.</summary>
internal static class ApiActions
{
    /// <summary>Finds the operation, and the body that its handler is to have (<see cref="ActionArgument"/>).</summary>
    public static async Task<Outcome<(ApiOperation Operation, JsonElement Body)>> SelectAsync(ApiRequest request, IReadOnlyList<ApiOperation> operations, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var fault, out var body))
            return fault;
        if (body.ValueKind != JsonValueKind.Object)
            return new Fault(FaultKind.Invalid, "Malformed request body", Code: Body.MalformedBody);

        foreach (var member in body.EnumerateObject())
        {
            foreach (var operation in operations)
            {
                if (member.NameEquals(operation.Action))
                    return (operation, body);
            }
        }

        var name = body.EnumerateObject().Select(static member => member.Name).FirstOrDefault() ?? "";
        return new Fault(FaultKind.Invalid, $"There is no such action: {name}", Code: UnknownAction);
    }

    /// <summary><see cref="Fault.Code"/> when the body names no action of the resource.</summary>
    public const string UnknownAction = "UnknownAction";

    /// <summary>The value of the action's member, such as the object behind <c>"reboot"</c>.</summary>
    public static JsonElement ActionArgument(this ApiRequest request, string action) => request.ActionBody.GetProperty(action);
}
