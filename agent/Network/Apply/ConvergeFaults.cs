using Appliance.Protocol;

namespace Appliance.Agent.Network.Apply;

/// <summary>Why documents are not fulfilled: the first reason of each.</summary>
internal sealed class ConvergeFaults(IReadOnlyDictionary<DocumentKey, string> planned)
{
    private readonly Dictionary<DocumentKey, string> _faults = new(planned);

    public void Add(DocumentKey document, string fault) => _faults.TryAdd(document, fault);

    public string? Of(string kind, string id) => _faults.GetValueOrDefault(new(kind, id));
}
