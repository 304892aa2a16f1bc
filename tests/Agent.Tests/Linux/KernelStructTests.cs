using System.Runtime.CompilerServices;
using Appliance.Linux.Libc;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Tests.Linux;

public sealed class KernelStructTests
{
    [Fact]
    public void Structs_have_the_kernels_sizes()
    {
        Assert.Equal(12, Unsafe.SizeOf<SockAddrNl>());
        Assert.Equal(20, Unsafe.SizeOf<SockAddrLl>());
        Assert.Equal(12, Unsafe.SizeOf<EpollEvent>());
        Assert.Equal(16, Unsafe.SizeOf<IfInfoMsg>());
        Assert.Equal(8, Unsafe.SizeOf<IfAddrMsg>());
        Assert.Equal(12, Unsafe.SizeOf<RtMsg>());
        Assert.Equal(12, Unsafe.SizeOf<NdMsg>());
        Assert.Equal(4, Unsafe.SizeOf<NfGenMsg>());
    }

    [Fact]
    public void Fields_are_where_the_compiled_headers_have_them()
    {
        if (!File.Exists("/usr/bin/gcc") || !File.Exists("/usr/include/linux/rtnetlink.h"))
            Assert.Skip("needs gcc and the kernel's headers");

        var expected = new[]
        {
            Offset<IfInfoMsg>(nameof(IfInfoMsg.ifi_index)), Offset<IfInfoMsg>(nameof(IfInfoMsg.ifi_change)),
            Offset<IfAddrMsg>(nameof(IfAddrMsg.ifa_scope)), Offset<IfAddrMsg>(nameof(IfAddrMsg.ifa_index)),
            Offset<RtMsg>(nameof(RtMsg.rtm_table)), Offset<RtMsg>(nameof(RtMsg.rtm_type)), Offset<RtMsg>(nameof(RtMsg.rtm_flags)),
            Offset<NdMsg>(nameof(NdMsg.ndm_ifindex)), Offset<NdMsg>(nameof(NdMsg.ndm_state)), Offset<NdMsg>(nameof(NdMsg.ndm_flags)),
            Offset<SockAddrLl>(nameof(SockAddrLl.sll_ifindex)), Offset<SockAddrLl>(nameof(SockAddrLl.sll_addr)),
        };
        Assert.Equal(string.Join(' ', expected), Compile(
            "offsetof(struct ifinfomsg, ifi_index), offsetof(struct ifinfomsg, ifi_change), offsetof(struct ifaddrmsg, ifa_scope), "
            + "offsetof(struct ifaddrmsg, ifa_index), offsetof(struct rtmsg, rtm_table), offsetof(struct rtmsg, rtm_type), "
            + "offsetof(struct rtmsg, rtm_flags), offsetof(struct ndmsg, ndm_ifindex), offsetof(struct ndmsg, ndm_state), "
            + "offsetof(struct ndmsg, ndm_flags), offsetof(struct sockaddr_ll, sll_ifindex), offsetof(struct sockaddr_ll, sll_addr)"));
    }

    private static int Offset<T>(string field) => (int)System.Runtime.InteropServices.Marshal.OffsetOf<T>(field);

    /// <summary>Compiles and runs a program that prints the numbers.</summary>
    private static string Compile(string numbers)
    {
        string folder = Directory.CreateTempSubdirectory("headers").FullName;
        try
        {
            File.WriteAllText($"{folder}/a.c", "#include <stdio.h>\n#include <stddef.h>\n#include <sys/socket.h>\n#include <linux/rtnetlink.h>\n"
                + "#include <linux/if_packet.h>\nint main(void) { size_t n[] = {" + numbers + "};\n"
                + "for (size_t i = 0; i < sizeof n / sizeof *n; i++) printf(i ? \" %zu\" : \"%zu\", n[i]); return 0; }\n");
            Command.Run($"gcc -o {folder}/a {folder}/a.c");
            return Command.Run($"{folder}/a");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
