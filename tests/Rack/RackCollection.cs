namespace Appliance.RackTests;

/// <summary>Emulated nodes take all of a machine: one at a time.</summary>
[CollectionDefinition("rack", DisableParallelization = true)]
#pragma warning disable CA1711      // xunit's word
public sealed class RackCollection;
#pragma warning restore CA1711
