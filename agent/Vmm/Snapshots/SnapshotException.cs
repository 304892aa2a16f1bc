namespace Appliance.Vmm.Snapshots;

/// <summary>Saved state cannot be used here: it is damaged, or of another version, or of another machine than the one that was made for it.</summary>
internal sealed class SnapshotException(string message) : Exception(message);
