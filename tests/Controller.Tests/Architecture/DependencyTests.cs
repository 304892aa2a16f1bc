using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Appliance.Controller.Tests.Architecture;

/// <summary>Dependencies point one way, read from the sources themselves.</summary>
public partial class DependencyTests
{
    private static readonly string Root = FindRoot();
    private static readonly string[] Ground = ["Http", "Data", "Work", "Link"];

    // In the agent these are joined by Commands and Node alone.
    private static readonly string[] AgentParts = ["Compute", "Storage", "Network", "Metadata"];

    private static readonly string[] Services = [.. Directory.GetDirectories(Path.Combine(Root, "controller"))
        .Select(static folder => Path.GetFileName(folder)!).Where(static name => name is not ("bin" or "obj") && !Ground.Contains(name))];

    [Fact]
    public void The_shared_ground_knows_no_service()
    {
        var offenders = from part in Ground
                        from file in Sources(Path.Combine("controller", part))
                        from service in Services
                        where Mentions(file, $"Appliance.Controller.{service}")
                        select $"{Relative(file)} uses {service}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void A_service_knows_another_only_by_the_interfaces_that_one_declares()
    {
        var offenders = new List<string>();
        foreach (var other in Services)
        {
            var hidden = DeclaredTypes(other, isInterfaceFile: false);
            foreach (var service in Services.Where(name => name != other))
            {
                var own = DeclaredTypes(service, isInterfaceFile: false);
                foreach (var file in Sources(Path.Combine("controller", service)).Where(file => Mentions(file, $"Appliance.Controller.{other}")))
                {
                    var words = Words().Matches(Code(file)).Select(static match => match.Value).ToHashSet(StringComparer.Ordinal);
                    offenders.AddRange(hidden.Where(type => words.Contains(type) && !own.Contains(type))
                        .Select(type => $"{Relative(file)} uses {other}'s {type}"));
                }
            }
        }

        Assert.Empty(offenders);
    }

    [Fact]
    public void Parts_of_the_agent_know_neither_each_other_nor_the_node_nor_the_link()
    {
        var offenders = from part in AgentParts
                        from file in Sources(Path.Combine("agent", part))
                        from other in AgentParts.Append("Node").Append("Link")
                        where other != part && !(part == "Compute" && other == "Storage") && Mentions(file, $"Appliance.Agent.{other}")
                        select $"{Relative(file)} uses {other}";
        Assert.Empty(offenders);
    }

    [Fact]
    public void System_calls_are_declared_in_one_place()
    {
        var offenders = Sources("agent").Concat(Sources("controller"))
            .Where(static file => !Relative(file).StartsWith("agent/Linux/", StringComparison.Ordinal))
            .Where(static file => Code(file).Contains("[LibraryImport", StringComparison.Ordinal) || Code(file).Contains("[DllImport", StringComparison.Ordinal))
            .Select(Relative);
        Assert.Empty(offenders);
    }

    private static HashSet<string> DeclaredTypes(string service, bool isInterfaceFile) =>
        [.. Sources(Path.Combine("controller", service))
            .Where(file => InterfaceFile().IsMatch(Path.GetFileName(file)) == isInterfaceFile)
            .SelectMany(static file => Declarations().Matches(Code(file)).Select(static match => match.Groups[1].Value))];

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    private static bool Mentions(string file, string name) => Regex.IsMatch(Code(file), $@"\b{Regex.Escape(name)}\b");

    private static string Code(string file) => Comments().Replace(File.ReadAllText(file), "");

    private static string Relative(string file) => Path.GetRelativePath(Root, file);

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comments();

    [GeneratedRegex(@"\b[A-Z]\w+\b")]
    private static partial Regex Words();

    [GeneratedRegex(@"\b(?:class|record|struct|enum|interface)\s+(?:struct\s+|class\s+)?([A-Z]\w+)")]
    private static partial Regex Declarations();

    [GeneratedRegex(@"^I[A-Z]\w+\.cs$")]
    private static partial Regex InterfaceFile();
}
