using System.Text.Json;
using Appliance.Controller.Identity.Federation.Mappings;
using Appliance.Controller.Tests.Identity;
using CsCheck;

namespace Appliance.Controller.Tests.Fuzzing;

/// <summary>Whatever rules the API takes, whatever a provider says: an identity or a refusal comes out.</summary>
public class MappingRulesFuzz
{
    [Fact]
    public async Task No_mapping_and_no_assertion_break_the_rules()
    {
        var (taken, applied) = (0, 0);
        await Fuzz.RunAsync(Gen.Select(GeneratedMappings.Mapping, GeneratedMappings.Assertion), 3, 4_000, input =>
        {
            var (mapping, assertion) = input;
            using var document = JsonDocument.Parse(mapping);
            if (MappingJson.SchemaOf("3.0")!.Check(document.RootElement) is not null)
                return Task.CompletedTask;
            taken++;
            var said = assertion.ToDictionary(static pair => pair.Name, static IReadOnlyList<string> (pair) => pair.Values);
            if (!MappingRules.Apply(document.RootElement.GetProperty("rules"), said, MappingDialect.Of("3.0")).Failed(out _, out _))
                applied++;
            return Task.CompletedTask;
        });
        Assert.True(taken > 100 && applied > 10, $"{taken} mappings were taken, {applied} applied: the generator misses");
    }
}
