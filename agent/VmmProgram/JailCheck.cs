using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Jail;

namespace Appliance.VmmProgram;

/// <summary>
/// <c>appliance-vmm check</c>: whether guests can run here. Looks for what a machine needs of KVM, then puts itself under the filter of a
/// machine and lives on there. <c>check forbidden</c> then does what the filter forbids, which must end it (SIGSYS).
/// </summary>
internal static class JailCheck
{
    private const int Collections = 200;

    private static readonly (int Capability, string Name)[] Needed =
    [
        (KvmConstants.KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP"), (KvmConstants.KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"),
        (KvmConstants.KVM_CAP_IRQFD, "KVM_CAP_IRQFD"), (KvmConstants.KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD"),
        (KvmConstants.KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM"), (KvmConstants.KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"),
    ];

    /// <param name="kvmDevice">Path or <c>fd:N</c>.</param>
    public static int Run(string kvmDevice, bool doesForbidden)
    {
        using var kvm = new KvmSystem(OptionFile.Open(kvmDevice, Files.O_RDWR));
        foreach (var (capability, name) in Needed)
        {
            if (kvm.Check(capability) != 0)
                continue;
            Terminal.Say($"appliance-vmm: KVM lacks {name}");
            return VmmCommands.Failure;
        }

        using var machine = kvm.CreateMachine();
        machine.CreateIrqchip();
        MachineJail.Enter();
        LiveOn();
        if (doesForbidden)
            using (UnixSockets.CreatePair().First) { }
        Terminal.Write(Terminal.Output, "guests can run here\n");
        return VmmCommands.Success;
    }

    // What the runtime does now and then in any machine's process.
    private static void LiveOn()
    {
        for (int i = 0; i < Collections; i++)
            GC.Collect();
        var thread = new Thread(static () => { });
        thread.Start();
        thread.Join();
    }
}
