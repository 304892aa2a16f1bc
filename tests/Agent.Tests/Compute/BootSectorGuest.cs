namespace Appliance.Agent.Tests.Compute;

/// <summary>
/// A guest of one sector, in 16-bit code: counts its boots in sector 2, enables the power button, says <c>boot N ready</c> on the first serial
/// port, and then echoes what it reads there, but for <c>q</c> (says <c>bye</c> and powers off, as it does on the power button), <c>d</c>
/// (also turns deaf to the power button) and <c>f</c> (floods the port with # for ever).
/// </summary>
internal static class BootSectorGuest
{
    private const int DiskBytes = 1 << 20;

    // Segments, stack; out 602h,100h (PM1_EN, power button); int 13h: read sector 2, count, write it back; say hello; loop: serial input?
    // power button (in 600h)? hlt; … bye: out 604h,2000h (PM1_CNT, soft off).
    private const string Code =
        "fa31c08ed88ec08ed0bc007cfbba0206b80001efb80102bb007eb90200ba8000cd13fe06007eb80103b90200ba8000cd13a0007e0430a2aa7cbea57c"
        + "e84b00bafd03eca8017513ba0006edf6c4017407f606a47c017423f4ebe5baf803ec3c7174183c66740d3c647504fe06a47ce82400ebccb023e81d00"
        + "ebf9beb47ce80a00ba0406b80020eff4ebfdac84c07405e80300ebf6c350bafd03eca82074fb58baf803eec300626f6f7420302072656164790d0a00"
        + "6279650d0a";

    /// <summary>Its disk, raw.</summary>
    public static byte[] Disk()
    {
        var disk = new byte[DiskBytes];
        Convert.FromHexString(Code).CopyTo(disk, 0);
        (disk[510], disk[511]) = (0x55, 0xaa);
        return disk;
    }
}
