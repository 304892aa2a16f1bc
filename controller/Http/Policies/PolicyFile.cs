using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Appliance.Controller.Http.Policies;

/// <summary>
/// Reads a policy file: a mapping of rule names to rules, each a text or, in the old form, a list of alternatives that are lists of checks
/// which must all hold. YAML, and JSON as part of it. Aliases and anchors are refused: nothing here needs them.
/// </summary>
internal static class PolicyFile
{
    // oslo.policy files of whole clouds are some tens of kilobytes.
    private const long MaxBytes = 4 * 1024 * 1024;

    /// <exception cref="FormatException">The file is not a policy file; the message names line and reason.</exception>
    public static IReadOnlyList<PolicyRule> Read(string path)
    {
        if (new FileInfo(path).Length > MaxBytes)
            throw new FormatException($"{path}: larger than {MaxBytes} bytes");
        using var text = new StreamReader(path);
        return Read(text, path);
    }

    /// <param name="origin">Name of the source for messages and <see cref="PolicyRule.Origin"/>.</param>
    public static IReadOnlyList<PolicyRule> Read(TextReader text, string origin)
    {
        var parser = new Parser(text);
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
                return [];
            parser.Consume<DocumentStart>();
            var rules = new List<PolicyRule>();
            if (parser.TryConsume<Scalar>(out var empty) && empty.Value.Length == 0)
                return rules;
            parser.Consume<MappingStart>();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var name = parser.Consume<Scalar>();
                var place = origin == PolicyRule.Default ? origin : $"{origin}:{name.Start.Line}";
                rules.Add(PolicyRule.Parse(name.Value, ReadRule(parser), place));
            }

            return rules;
        }
        catch (YamlException e)
        {
            throw new FormatException($"{origin}:{e.Start.Line}: {e.Message}", e);
        }
    }

    private static string ReadRule(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
            return scalar.Value;

        parser.Consume<SequenceStart>();
        var alternatives = new List<string>();
        var isEmpty = true;
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            isEmpty = false;
            if (ReadAlternative(parser) is { } alternative)
                alternatives.Add(alternative);
        }

        // An empty list allows everybody, one of empty lists nobody, as in oslo.policy.
        return isEmpty ? "@" : alternatives.Count == 0 ? "!" : string.Join(" or ", alternatives);
    }

    // Null: an empty list, which is passed over.
    private static string? ReadAlternative(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var single))
            return single.Value;

        parser.Consume<SequenceStart>();
        var checks = new List<string>();
        while (!parser.TryConsume<SequenceEnd>(out _))
            checks.Add(parser.Consume<Scalar>().Value);
        return checks.Count == 0 ? null : $"({string.Join(" and ", checks)})";
    }
}
