namespace Appliance.VmmProgram;

/// <summary>What <c>appliance-vmm --help</c> prints.</summary>
internal static class HelpText
{
    public const string Text = """
        appliance-vmm: one virtual machine on /dev/kvm

        usage: appliance-vmm run --kernel FILE [OPTIONS]
               appliance-vmm run --disk FILE [OPTIONS]
               appliance-vmm restore --state FILE --memory-image FILE [OPTIONS]
               appliance-vmm receive --from unix:PATH [OPTIONS]
               appliance-vmm check              says whether guests can run here
               appliance-vmm ctl SOCKET COMMAND [NAME=VALUE]... [@FILE | @tap:NAME | FILE | unix:PATH]...

          --firmware FILE        boots from the disks  (/usr/share/seabios/bios-microvm.bin when there is no kernel)
          --kernel FILE          bzImage or ELF (vmlinux), x86-64
          --initrd FILE
          --cmdline TEXT         kernel command line           (console=ttyS0)
          --pvh                  take an ELF kernel's PVH entry
          --uuid UUID            the machine's, in its SMBIOS tables
          --cpus N               1 to 255                      (1)
          --memory MIB           4 to 1048576                  (256)
          --transport pci|mmio   how virtio devices appear     (pci)

          --disk FILE[,ro][,id=TEXT][,ops=RATE][,bytes=RATE]
                                 a raw file or block device; may be repeated: vda, vdb, ...
          --tap NAME[,mac=MAC][,mtu=BYTES][,rx-ops=RATE][,rx-bytes=RATE][,tx-ops=RATE][,tx-bytes=RATE]
                                 a TAP interface that exists; may be repeated. Limits: of what the guest receives and sends
          --vsock CID,PATH       streams between guest and host: connect to PATH and write 'CONNECT port',
                                 or listen at PATH_port for the guest's connections
          --serial stdio|none|FILE|socket:PATH
                                 where COM1 goes               (stdio)
          --serial-log FILE      keeps the last 512 KiB of what COM1 said, in a ring
          --console stdio|FILE   a virtio console (hvc0) as well
          --rng                  a source of random numbers
          --balloon              give memory back that the guest does not use
          --watchdog reset|poweroff|pause|none
                                 a watchdog (ACPI WDAT) that the guest may start; what happens when it runs out
          --control PATH|fd:N    a Unix socket for commands, or a listening one that was inherited
          --paused               wait for 'resume' on the control socket
          --stats                say at the end what the guest cost
          --end FILE             gets a word about how the guest ended: PowerOff, Reset, Stopped, CpuFailure
          --kvm FILE             (/dev/kvm)
          --confine              once everything is open, end at any system call that a running guest does not need

        RATE is PER_SECOND or PER_SECOND/BURST; without a burst a tenth of a second's worth may come at once.
        Every FILE, PATH and NAME may be fd:N, an inherited descriptor; of a socket one that listens.

        'restore' goes on where a snapshot was taken. The machine is as it was; disks, TAP interfaces, sockets and
        consoles are given again, as many of each kind and in the same order, and may be others. Any number of
        machines may run from one memory image, which they share and do not change.
          --advance-clock        the guest's clock includes the time since the snapshot

        'receive' listens at PATH for a machine that 'ctl SOCKET migrate unix:PATH' of another process sends, and goes on
        with it; disks and the rest are given as for 'restore'.
          --from unix:PATH|fd:N  or a stream socket that was inherited

        Examples:
          appliance-vmm run --disk debian-12-genericcloud-amd64.raw --tap tap0 --rng
          appliance-vmm run --kernel vmlinuz --initrd initrd.img --disk root.raw --tap tap0 --rng \
              --cmdline 'console=ttyS0 root=/dev/vda'

        Commands: query, events, pause, resume, power-button, reset, stop, balloon mebibytes=N, refresh-statistics, disk-resized device=ID,
        attach-disk device=ID [readOnly=true] @FILE, attach-net device=ID mac=MAC @tap:NAME, detach device=ID,
        snapshot [stay-paused=true] STATE-FILE MEMORY-FILE, migration, migrate-cancel,
        migrate [downtime-milliseconds=N] [patience-seconds=N] [throttle=true] [force=true] unix:PATH.
        'ctl' prints the answer, one JSON object, and ends with status 0, or 1 when the machine refused.

        SIGTERM and SIGINT press the guest's power button; a second one ends it at once.
        Exit status: 0 the guest switched itself off, was ended or migrated away, 1 it could not start or a processor failed,
        2 wrong command line, 3 the guest asked for a reset.

        """;
}
