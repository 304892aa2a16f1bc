namespace Appliance.Vmm.Cpu;

/// <summary>Why a processor runs no more.</summary>
internal enum CpuEnd
{
    /// <summary>It was told to.</summary>
    Stopped,

    /// <summary>A fault while a fault was being delivered: hardware resets.</summary>
    TripleFault,

    /// <summary>KVM refused to run the state the processor is in, or could not emulate an instruction.</summary>
    Failed,
}
