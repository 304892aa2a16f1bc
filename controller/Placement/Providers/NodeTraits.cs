using Appliance.Protocol.Link;

namespace Appliance.Controller.Placement.Providers;

/// <summary>What a node's report says in the words of os-traits.</summary>
internal static class NodeTraits
{
    private const string CpuPrefix = "HW_CPU_X86_";
    private const string ArchitecturePrefix = "HW_ARCH_";

    // Linux' names of CPU features that os-traits has a word for.
    private static readonly Dictionary<string, string> CpuFeatures = new()
    {
        ["aes"] = "AESNI",
        ["avx"] = "AVX",
        ["avx2"] = "AVX2",
        ["avx512bw"] = "AVX512BW",
        ["avx512cd"] = "AVX512CD",
        ["avx512dq"] = "AVX512DQ",
        ["avx512f"] = "AVX512F",
        ["avx512vl"] = "AVX512VL",
        ["bmi1"] = "BMI",
        ["bmi2"] = "BMI2",
        ["clmul"] = "CLMUL",
        ["pclmulqdq"] = "CLMUL",
        ["f16c"] = "F16C",
        ["fma"] = "FMA3",
        ["mmx"] = "MMX",
        ["sha_ni"] = "SHA",
        ["sse"] = "SSE",
        ["sse2"] = "SSE2",
        ["pni"] = "SSE3",
        ["ssse3"] = "SSSE3",
        ["sse4_1"] = "SSE41",
        ["sse4_2"] = "SSE42",
        ["svm"] = "SVM",
        ["vmx"] = "VMX",
        ["xop"] = "XOP",
    };

    public static IReadOnlySet<string> Of(NodeReport report)
    {
        var traits = new HashSet<string> { ArchitecturePrefix + report.Cpu.Architecture.ToUpperInvariant() };
        foreach (var feature in report.Cpu.Features)
        {
            if (CpuFeatures.TryGetValue(feature, out var name))
                traits.Add(CpuPrefix + name);
        }

        return traits;
    }

    /// <summary>Whether a trait is of the kind that reports speak of.</summary>
    public static bool IsReported(string trait) =>
        trait.StartsWith(CpuPrefix, StringComparison.Ordinal) || trait.StartsWith(ArchitecturePrefix, StringComparison.Ordinal);
}
