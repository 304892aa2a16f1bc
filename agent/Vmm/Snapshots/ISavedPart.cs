namespace Appliance.Vmm.Snapshots;

/// <summary>
/// A part of a machine beside processors, memory and virtio devices that has state of its own. It writes a section under its own tag and version;
/// the machine is paused, or has not run yet.
/// </summary>
internal interface ISavedPart
{
    void Save(StateWriter writer);

    /// <exception cref="SnapshotException">The state is not one that this part can have.</exception>
    void Restore(StateReader reader);
}
