using System.Text.Json;
using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Federation.Mappings;
using CsCheck;

namespace Appliance.Controller.Tests.Identity;

/// <summary>What lists of a mapping let through. That no mapping breaks the rules is <see cref="Fuzzing.MappingRulesFuzz"/>'s.</summary>
public class MappingRulesProperties
{
    private static readonly Gen<string[]> Words = Gen.OneOf("aa", "bb", "cc", "dd", "ee").Array[1, 6];

    [Fact]
    public void Black_and_white_lists_part_what_is_said_between_them() => Gen.Select(Words, Words, Gen.Bool).Sample((said, listed, regex) =>
    {
        var let = Let("whitelist", said, listed, regex);
        var kept = Let("blacklist", said, listed, regex);
        Assert.Equal(said.Distinct().Order(StringComparer.Ordinal), let.Concat(kept).Order(StringComparer.Ordinal));
        Assert.All(let, value => Assert.Contains(value, listed));
    });

    private static List<string?> Let(string list, string[] said, string[] listed, bool regex)
    {
        var condition = new JsonObject { ["type"] = "groups", [list] = new JsonArray([.. listed.Select(static text => (JsonNode)text)]), ["regex"] = regex };
        var rules = new JsonArray(new JsonObject
        {
            ["local"] = new JsonArray(new JsonObject { ["groups"] = "{0}", ["domain"] = new JsonObject { ["name"] = "d" } }),
            ["remote"] = new JsonArray(condition),
        });
        using var document = JsonDocument.Parse(rules.ToJsonString());
        var outcome = MappingRules.Apply(document.RootElement, new Dictionary<string, IReadOnlyList<string>> { ["groups"] = said }, MappingDialect.Of("1.0"));
        Assert.False(outcome.Failed(out _, out var identity));
        return [.. identity!.Groups.Select(static group => group.Name)];
    }
}
