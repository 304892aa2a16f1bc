using System.Text.Json.Nodes;
using CsCheck;

namespace Appliance.Controller.Tests.Identity;

/// <summary>Mappings and assertions that meet often enough, and are wrong often enough.</summary>
internal static class GeneratedMappings
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.OneOf("sub", "groups", "{0}", "{0}", "{0}", "{1}", "{2}", "{999}", "{{0}}", "{0} of {1}", "{", "{}", "", "(", "^s", ".*", "[", "staff", "ann"),
        Gen.String[0, 5]);

    private static readonly Gen<JsonNode> Value = Gen.OneOf(
        Text.Select(static text => (JsonNode)text), Gen.Bool.Select(static flag => (JsonNode)flag), Gen.Int[-1, 9].Select(static number => (JsonNode)number),
        Text.Array[0, 2].Select(static texts => (JsonNode)new JsonArray([.. texts.Select(static text => (JsonNode)text)])));

    private static readonly Gen<JsonNode> Named = Members(("id", Node(Text)), ("name", Node(Text)), ("domain", Members(("id", Node(Text)), ("name", Node(Text)))));

    private static readonly Gen<JsonNode> Local = Members(
        ("user", Members(("name", Node(Text)), ("id", Node(Text)), ("email", Node(Text)), ("type", Node(Gen.OneOf("local", "ephemeral", "other"))),
            ("domain", Members(("id", Node(Text)))))),
        ("group", Named), ("groups", Node(Text)), ("group_ids", Node(Text)), ("domain", Members(("name", Node(Text)))),
        ("projects", List(Members(("name", Node(Text)), ("roles", List(Members(("name", Node(Text)))))))));

    private static readonly Gen<JsonNode> Remote = Gen.Select(
        Gen.OneOf("sub", "groups", "staff"), Gen.OneOf("any_one_of", "not_any_of", "blacklist", "whitelist", "", ""), Value.Array[0, 3], Gen.Bool, static (type, kind, list, regex) =>
        {
            var condition = new JsonObject { ["type"] = type };
            if (kind.Length == 0)
                return (JsonNode)condition;
            condition[kind] = new JsonArray([.. list.Select(static item => item.DeepClone())]);
            if (regex)
                condition["regex"] = true;
            return condition;
        });

    /// <summary>A mapping as text: often one that the API takes.</summary>
    public static readonly Gen<string> Mapping = Gen.Select(Local.Array[0, 2], Remote.Array[1, 3], static (local, remote) =>
        new JsonObject { ["local"] = Copy(local), ["remote"] = Copy(remote) }).Array[1, 3]
        .Select(static rules => new JsonObject { ["rules"] = Copy(rules) }.ToJsonString());

    /// <summary>What a provider says: values by name.</summary>
    public static readonly Gen<(string Name, string[] Values)[]> Assertion = Gen.Select(Text.Array[0, 3], Text.Array[1, 3], Text.Array[1, 2],
        static (sub, groups, staff) => new[] { ("sub", sub), ("groups", groups), ("staff", staff) });

    // Each member is there or not; what is there may once in a while be of a wrong kind.
    private static Gen<JsonNode> Members(params (string Name, Gen<JsonNode> Value)[] members) => members
        .Aggregate(Gen.Const(0).Select(static _ => new JsonObject()), static (whole, member) =>
            Gen.Select(whole, Gen.Bool, Gen.Frequency((12, member.Value), (1, Value)), (made, isThere, value) =>
            {
                if (isThere)
                    made[member.Name] = value.DeepClone();
                return made;
            }))
        .Select(static made => (JsonNode)made);

    private static Gen<JsonNode> List(Gen<JsonNode> item) => item.Array[0, 2].Select(static items => (JsonNode)Copy(items));
    private static Gen<JsonNode> Node(Gen<string> text) => text.Select(static value => (JsonNode)value);
    private static JsonArray Copy(IEnumerable<JsonNode> items) => new([.. items.Select(static item => item.DeepClone())]);
}
