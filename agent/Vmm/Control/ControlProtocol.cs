namespace Appliance.Vmm.Control;

/// <summary>The version of the protocol, docs/vmm-control.md.</summary>
internal static class ControlProtocol
{
    /// <summary>Counts changes that a client of before would misunderstand.</summary>
    public const int Major = 1;

    /// <summary>Counts additions: commands, parameters, members of results, events.</summary>
    public const int Revision = 1;
}
