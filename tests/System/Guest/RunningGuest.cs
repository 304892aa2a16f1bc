namespace Appliance.SystemTests.Guest;

/// <summary>One guest, booted once by BIOS with a config drive and user data, for the tests that only look at it.</summary>
public sealed class RunningGuest : IAsyncLifetime
{
    private const string UserData = """
        Content-Type: multipart/mixed; boundary="====x"
        MIME-Version: 1.0

        --====x
        Content-Type: text/cloud-config; charset="utf-8"

        #cloud-config
        packages: [nginx]
        users:
          - default
          - name: alice
            groups: [adm]
            sudo: ALL=(ALL) NOPASSWD:ALL
        ssh_authorized_keys:
          - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKextra extra@example.org
        write_files:
          - path: /etc/appliance/plain
            content: |
              first line
              it's "quoted"
            permissions: '0640'
          - path: /etc/appliance/encoded
            encoding: b64
            content: aGVsbG8=
            permissions: 0755
        runcmd:
          - echo "shell $((1 + 1))" >>/var/log/runcmd
          - [sh, -c, 'echo "list $0" >>/var/log/runcmd', two words]
        --====x
        Content-Type: text/x-shellscript

        #!/bin/sh
        echo "script as $(id -un)" | tee -a /var/log/script
        --====x--
        """;

    internal GuestFolder Folder { get; private set; } = null!;
    internal GuestMachine Machine { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Folder = await GuestFolder.CreateAsync();
        Machine = await GuestMachine.StartAsync(Folder, new(await Folder.MakeDiskAsync())
        {
            ConfigDrive = await Folder.MakeConfigDriveAsync("Web-1", UserData),
        });
        await Machine.AwaitLoginAsync();
        await Machine.AwaitConsoleAsync("boot finished");
    }

    public async ValueTask DisposeAsync()
    {
        if (Machine is not null)
            await Machine.DisposeAsync();
        Folder?.Dispose();
    }
}
