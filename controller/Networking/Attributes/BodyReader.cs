using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Networking.Attributes;

/// <summary>
/// From a request body to attribute values: envelope, owner, unknown and read-only attributes, defaults, conversion, checks, in upstream's
/// order. Source: neutron/api/v2/base.py prepare_request_body, neutron_lib/api/attributes.py.
/// </summary>
internal static class BodyReader
{
    /// <summary>The bodies of a create: one, or several when the body has the plural.</summary>
    /// <param name="IsBulk">Whether the answer must have the plural too.</param>
    public readonly record struct Bodies(IReadOnlyList<AttributeValues> Items, bool IsBulk);

    public static Outcome<Bodies> ReadCreate(JsonElement body, string name, string collection, IReadOnlyList<AttributeRule> rules, Caller caller)
    {
        if (body.ValueKind != JsonValueKind.Object)
            return NeutronErrors.BadRequest("Body contains invalid data");
        if (!body.TryGetProperty(collection, out var items))
            return ReadOne(body, name, rules, caller, isCreate: true).Failed(out var fault, out var single) ? fault : new Bodies([single], false);

        if (items.ValueKind != JsonValueKind.Array)
            return NeutronErrors.BadRequest(IsEmpty(items) ? "Resources required" : "Body contains invalid data");
        if (items.GetArrayLength() == 0)
            return NeutronErrors.BadRequest("Resources required");

        var all = new List<AttributeValues>();
        foreach (var item in items.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                return NeutronErrors.BadRequest("Body contains invalid data");
            var inner = item.TryGetProperty(name, out var wrapped) ? wrapped : item;
            if (ReadAttributes(inner, rules, caller, isCreate: true).Failed(out var refused, out var values))
                return refused;
            all.Add(values);
        }

        return new Bodies(all, true);
    }

    public static Outcome<AttributeValues> ReadUpdate(JsonElement body, string name, IReadOnlyList<AttributeRule> rules, Caller caller) =>
        body.ValueKind != JsonValueKind.Object
            ? NeutronErrors.BadRequest("Body contains invalid data")
            : ReadOne(body, name, rules, caller, isCreate: false);

    private static Outcome<AttributeValues> ReadOne(JsonElement body, string name, IReadOnlyList<AttributeRule> rules, Caller caller, bool isCreate)
    {
        if (!body.EnumerateObject().Any())
            return NeutronErrors.BadRequest("Resource body required");
        if (!body.TryGetProperty(name, out var resource) || resource.ValueKind == JsonValueKind.Null)
            return NeutronErrors.BadRequest($"Unable to find '{name}' in request body");
        if (resource.ValueKind != JsonValueKind.Object)
            return NeutronErrors.BadRequest($"Object '{name}' contains invalid data");
        return ReadAttributes(resource, rules, caller, isCreate);
    }

    private static Outcome<AttributeValues> ReadAttributes(JsonElement resource, IReadOnlyList<AttributeRule> rules, Caller caller, bool isCreate)
    {
        if (resource.ValueKind != JsonValueKind.Object)
            return NeutronErrors.BadRequest("Body contains invalid data");
        if (CheckOwner(resource, caller, isCreate) is { } owner)
            return owner;
        if (CheckKnown(resource, rules) is { } unknown)
            return unknown;

        var values = new AttributeValues();
        foreach (var rule in rules)
        {
            var isGiven = resource.TryGetProperty(rule.Name, out var given);
            if (CheckAllowed(rule, isGiven, isCreate) is { } notAllowed)
                return notAllowed;
            if (!isGiven && isCreate && rule.AllowPost && rule.Default != AttributeRule.Unset)
                values[rule.Name] = rule.Default;
        }

        // Values are read in a second pass: a missing or read-only attribute is refused before a bad value is.
        foreach (var rule in rules)
        {
            if (!resource.TryGetProperty(rule.Name, out var given))
                continue;
            var (value, reason, fault) = rule.Reader(given);
            if (fault is not null)
                return fault;
            if (reason is not null)
                return NeutronErrors.BadRequest($"Invalid input for {rule.Name}. Reason: {reason}.");
            values[rule.Name] = value;
        }

        if (isCreate)
            values["project_id"] = Project(resource) ?? caller.ProjectId;
        return values;
    }

    private static Fault? CheckOwner(JsonElement resource, Caller caller, bool isCreate)
    {
        if (resource.TryGetProperty("tenant_id", out var tenant) && resource.TryGetProperty("project_id", out var project)
            && !JsonElement.DeepEquals(tenant, project))
        {
            return NeutronErrors.BadRequest("'project_id' and 'tenant_id' do not match");
        }

        var asked = Project(resource);
        if (asked is not null && asked != caller.ProjectId && !caller.IsAdmin)
        {
            return NeutronErrors.BadRequest(
                "Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.");
        }

        return isCreate && asked is null && caller.ProjectId is null
            ? NeutronErrors.BadRequest("Running without keystone AuthN requires that project_id is specified") : null;
    }

    private static string? Project(JsonElement resource) => resource.StringOrNull("project_id") ?? resource.StringOrNull("tenant_id");

    private static Fault? CheckKnown(JsonElement resource, IReadOnlyList<AttributeRule> rules)
    {
        var unknown = resource.EnumerateObject().Where(member => !rules.Any(rule => rule.IsInBodies && rule.Name == member.Name))
            .Select(static member => member.Name).ToList();
        return unknown.Count > 0 ? NeutronErrors.BadRequest($"Unrecognized attribute(s) '{string.Join(", ", unknown)}'") : null;
    }

    private static Fault? CheckAllowed(AttributeRule rule, bool isGiven, bool isCreate)
    {
        if (!isCreate)
            return isGiven && !rule.AllowPut ? NeutronErrors.BadRequest($"Cannot update read-only attribute {rule.Name}") : null;
        if (isGiven && !rule.AllowPost)
            return NeutronErrors.BadRequest($"Attribute '{rule.Name}' not allowed in POST");
        return !isGiven && rule.IsRequired
            ? NeutronErrors.BadRequest($"Failed to parse request. Required attribute '{rule.Name}' not specified") : null;
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
