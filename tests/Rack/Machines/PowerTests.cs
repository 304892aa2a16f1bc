namespace Appliance.RackTests.Machines;

/// <summary>How a guest ends: by itself, by its power button, by a panic, by its watchdog, by force.</summary>
[Collection("rack")]
public sealed class PowerTests
{
    private const string GuestScript = """
        case $(cat /proc/cmdline) in
            *do=reboot*) reboot -f ;;
            *do=panic*) echo c >/proc/sysrq-trigger ;;
            *do=button*)
                echo READY >/dev/hvc0
                until grep -q ' [1-9][0-9]* .*ACPI:Ged' /proc/interrupts; do sleep 1; done
                echo BUTTON-PRESSED
                ;;
            *do=watchdog*) watchdog -t 1000 -T 2 /dev/watchdog; sleep 1000 ;;
            *do=sleep*) echo READY >/dev/hvc0; sleep 1000 ;;
        esac
        """;

    [Fact]
    public async Task Reboot_panic_watchdog_power_button_and_force_end_the_machine_as_they_should()
    {
        const string vmm = "timeout -s KILL 200 /test/appliance-vmm run --kernel /guest/vmlinux --initrd /tmp/initrd";
        string script = $"""
            for do in reboot panic watchdog; do
                echo "BEGIN $do"
                {vmm} --stats --watchdog reset --cmdline "console=ttyS0 quiet panic=-1 do=$do" </dev/null
                echo "STATUS $do $?"
            done
            for do in button sleep; do
                echo "BEGIN $do"
                rm -f /tmp/ready
                {vmm} --stats --console /tmp/ready --cmdline "console=ttyS0 quiet panic=-1 do=$do" </dev/null &
                until grep -q READY /tmp/ready 2>/dev/null; do sleep 1; done
                killall -TERM appliance-vmm
                if [ $do = sleep ]; then sleep 1; killall -TERM appliance-vmm; fi
                wait $!
                echo "STATUS $do $?"
            done

            """;
        string said = await EmulatedNode.RunAsync(script, GuestScript, TimeSpan.FromMinutes(12), TestContext.Current.CancellationToken);

        Assert.Contains("STATUS reboot 3\n", said, StringComparison.Ordinal);
        Assert.Contains("STATUS panic 3\n", said, StringComparison.Ordinal);
        Assert.Contains("Kernel panic", said.Between("BEGIN panic", "STATUS panic"), StringComparison.Ordinal);
        Assert.Contains("STATUS watchdog 3\n", said, StringComparison.Ordinal);
        Assert.Contains("BUTTON-PRESSED", said.Between("BEGIN button", "STATUS button"), StringComparison.Ordinal);
        Assert.Contains("STATUS button 0\n", said, StringComparison.Ordinal);
        Assert.Contains("end=Stopped", said.Between("BEGIN sleep", "STATUS sleep"), StringComparison.Ordinal);
        Assert.Contains("STATUS sleep 0\n", said, StringComparison.Ordinal);
    }
}
