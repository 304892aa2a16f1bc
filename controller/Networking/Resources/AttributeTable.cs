using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Networking.Resources;

/// <summary>The attribute map of a resource, in the order its views show.</summary>
/// <param name="name">Singular name: <c>network</c>; policy rules are made of it.</param>
internal sealed class AttributeTable<T>(string name, params IEnumerable<ResourceAttribute<T>> attributes) where T : Resource
{
    private readonly Dictionary<string, ResourceAttribute<T>> _byName = attributes.ToDictionary(static attribute => attribute.Name);

    public IReadOnlyList<ResourceAttribute<T>> All { get; } = [.. attributes];

    public ResourceAttribute<T>? Find(string attribute) => _byName.GetValueOrDefault(attribute);

    /// <summary>
    /// What a view shows: the asked fields (none asked: all), without those whose <c>get_x:name</c> policy the caller does not satisfy.
    /// Source: neutron/pecan_wsgi/hooks/policy_enforcement.py _exclude_attributes_by_policy.
    /// </summary>
    public IReadOnlyList<ResourceAttribute<T>> Select(Caller caller, PolicyEngine policy, IReadOnlyCollection<string> fields)
    {
        var selected = new List<ResourceAttribute<T>>(All.Count);
        foreach (var attribute in All)
        {
            if (attribute.Write is null || (fields.Count > 0 && !fields.Contains(attribute.Name)))
                continue;
            var rule = $"get_{name}:{attribute.Name}";
            if (caller.IsAdmin || !policy.Knows("neutron", rule) || policy.Allows("neutron", rule, caller, PolicyTarget.Of(caller)))
                selected.Add(attribute);
        }

        return selected;
    }

    public static void Write(Utf8JsonWriter json, T item, IReadOnlyList<ResourceAttribute<T>> selected)
    {
        json.WriteStartObject();
        for (var i = 0; i < selected.Count; i++)
        {
            json.WritePropertyName(selected[i].WireName);
            selected[i].Write!(json, item);
        }

        json.WriteEndObject();
    }
}
