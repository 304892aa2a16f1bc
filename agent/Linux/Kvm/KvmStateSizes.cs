namespace Appliance.Linux.Kvm;

/// <summary>How large the parts of a processor's state are that depend on the host.</summary>
/// <param name="HasLargeExtendedState">KVM has <c>KVM_GET_XSAVE2</c>.</param>
/// <param name="ExtendedState">Bytes; at least <see cref="LegacyExtendedState"/>.</param>
/// <param name="NestedState">Most bytes; 0 where guests are no hypervisors.</param>
internal readonly record struct KvmStateSizes(bool HasLargeExtendedState, int ExtendedState, int NestedState)
{
    /// <summary><c>struct kvm_xsave</c> of before <c>KVM_CAP_XSAVE2</c>.</summary>
    public const int LegacyExtendedState = 4096;
}
