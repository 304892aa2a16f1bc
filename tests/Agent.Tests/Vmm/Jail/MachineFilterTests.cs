using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Jail;

namespace Appliance.Agent.Tests.Vmm.Jail;

/// <summary>The filter of machines, judged without loading it.</summary>
public sealed class MachineFilterTests
{
    private const int Self = 4242;
    private const ulong WithUpperBits = 0xDEAD_BEEF_0000_0000;

    private static readonly sock_filter[] Program = MachineFilter.Make(Self);

    [Theory]
    [InlineData(SystemCalls.socket)]
    [InlineData(SystemCalls.connect)]
    [InlineData(SystemCalls.execve)]
    [InlineData(SystemCalls.fork)]
    [InlineData(SystemCalls.ptrace)]
    [InlineData(SystemCalls.memfd_create)]
    [InlineData(62)]                                    // kill
    [InlineData(175)]                                   // init_module
    [InlineData(999)]
    [InlineData(-1)]
    [InlineData(0x4000_0000 | SystemCalls.read)]        // the x32 ABI
    public void What_a_machine_never_does_ends_it(int call) => Assert.Equal(FilterAction.KillProcess, Judge(call));

    [Theory]
    [InlineData(SystemCalls.read)]
    [InlineData(SystemCalls.futex)]
    [InlineData(SystemCalls.io_uring_enter)]
    [InlineData(SystemCalls.membarrier)]
    [InlineData(SystemCalls.exit_group)]
    public void What_it_needs_is_allowed(int call) => Assert.Equal(FilterAction.Allow, Judge(call));

    [Theory]
    [InlineData(SystemCalls.openat)]
    [InlineData(SystemCalls.sysinfo)]
    [InlineData(SystemCalls.prlimit64)]
    public void What_the_runtime_tries_at_every_collection_fails(int call) => Assert.Equal(FilterAction.Fail(Errno.EPERM), Judge(call));

    [Fact]
    public void New_threads_come_by_clone_and_new_processes_do_not()
    {
        Assert.Equal(FilterAction.Fail(Errno.ENOSYS), Judge(SystemCalls.clone3));
        Assert.Equal(FilterAction.Allow, Judge(SystemCalls.clone, 0x003D_0F00));
        Assert.Equal(FilterAction.KillProcess, Judge(SystemCalls.clone, 17));
        Assert.Equal(FilterAction.KillProcess, Judge(SystemCalls.clone, 0x4000_0000));
    }

    [Fact]
    public void Every_other_architecture_ends_it() =>
        Assert.Equal(FilterAction.KillProcess, BpfInterpreter.Run(Program, SystemCalls.read, 0x4000_0003));

    [Fact]
    public void Ioctl_is_judged_by_its_command()
    {
        Assert.Equal(FilterAction.Allow, Judge(SystemCalls.ioctl, 7, KvmConstants.KVM_RUN));
        foreach (uint command in AllowedCommands.All)
            Assert.Equal(FilterAction.Allow, Judge(SystemCalls.ioctl, 7, command | WithUpperBits));
        Assert.Equal(FilterAction.KillProcess, Judge(SystemCalls.ioctl, 7, KvmConstants.KVM_CREATE_VM));
        Assert.Equal(FilterAction.KillProcess, Judge(SystemCalls.ioctl, 7, 0x5412));    // TIOCSTI: types into a terminal
    }

    [Fact]
    public void Memory_is_never_made_executable_and_signals_stay_inside()
    {
        foreach (int call in new[] { SystemCalls.mmap, SystemCalls.mprotect })
        {
            Assert.Equal(FilterAction.Allow, Judge(call, 0, 4096, 3));
            Assert.Equal(FilterAction.KillProcess, Judge(call, 0, 4096, 7));
            Assert.Equal(FilterAction.KillProcess, Judge(call, 0, 4096, 4));
        }

        Assert.Equal(FilterAction.Allow, Judge(SystemCalls.tgkill, Self, 1, 6));
        Assert.Equal(FilterAction.KillProcess, Judge(SystemCalls.tgkill, 1, 1, 9));
    }

    private static uint Judge(int call, params ReadOnlySpan<ulong> arguments) => BpfInterpreter.Run(Program, call, BpfInterpreter.X86_64, arguments);
}
