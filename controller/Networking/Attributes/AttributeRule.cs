using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.Attributes;

/// <summary>What reading one attribute of a body gave: a value, or why not.</summary>
/// <param name="Reason">Worded by the pipeline as <c>Invalid input for x. Reason: ….</c></param>
/// <param name="Fault">A refusal with words of its own, as upstream's converters and some validators raise.</param>
internal readonly record struct Reading(object? Value, string? Reason = null, Fault? Fault = null)
{
    public static Reading Invalid(string reason) => new(null, reason);
    public static implicit operator Reading(Fault fault) => new(null, null, fault);
}

/// <summary>Converts and checks the JSON value of an attribute. Source: neutron_lib/api/converters.py and validators/__init__.py.</summary>
internal delegate Reading AttributeReader(JsonElement value);

/// <summary>
/// One row of a resource's attribute map: what a body may say. The counterpart of an entry of neutron_lib's RESOURCE_ATTRIBUTE_MAP.
/// </summary>
internal abstract class AttributeRule(string name)
{
    /// <summary>Default of an attribute that stays absent when the body does not name it (upstream's ATTR_NOT_SPECIFIED).</summary>
    public static readonly object Unset = new();

    public string Name { get; } = name;
    public JsonEncodedText WireName { get; } = JsonEncodedText.Encode(name);
    public AttributeReader Reader { get; protected set; } = static value => new Reading(value);

    /// <summary>Whether bodies know the name at all; a name that only filters lists is unrecognized there.</summary>
    public virtual bool IsInBodies => true;

    /// <summary>May a POST name it.</summary>
    public bool AllowPost { get; protected set; }

    /// <summary>May a PUT name it.</summary>
    public bool AllowPut { get; protected set; }

    /// <summary>Whether a POST must name it.</summary>
    public bool IsRequired { get; protected set; }

    public object? Default { get; protected set; } = Unset;

    /// <summary>Whether the policy rule <c>create_x:name</c> or <c>update_x:name</c> is asked when a body sets it (upstream's enforce_policy).</summary>
    public bool IsGuarded { get; protected set; }

    /// <summary>Whether lists sort by it, and the SQL expression to sort by; null: they do not.</summary>
    public string? SortExpression { get; protected set; }
}
