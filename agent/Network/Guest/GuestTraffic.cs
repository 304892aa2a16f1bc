using Appliance.Agent.Network.Dhcp;
using Appliance.Agent.Network.Dhcpv6;
using Appliance.Agent.Network.Frames;
using Appliance.Linux.Libc;
using static Appliance.Linux.Libc.PacketSocket;

namespace Appliance.Agent.Network.Guest;

/// <summary>The filter that lets through only what a guest may ask this node, so that its other traffic never wakes the agent.</summary>
internal static class GuestTraffic
{
    private const uint Icmpv6 = 58;
    private const uint RouterSolicitationType = 133;
    private const uint AllBytes = 0xFFFF;

    // Offsets from the Ethernet header; a jump names how many instructions are left out.
    private static readonly SockFilter[] Instructions =
    [
        new(BPF_LD_H_ABS, 0, 0, 12),
        new(BPF_JMP_JEQ_K, 0, 7, UdpFrame.EtherTypeIpv4),
        new(BPF_LD_B_ABS, 0, 0, 23),
        new(BPF_JMP_JEQ_K, 0, 13, UdpFrame.ProtocolUdp),
        new(BPF_LD_H_ABS, 0, 0, 20),
        new(BPF_JMP_JSET_K, 11, 0, 0x1FFF),
        new(BPF_LDX_B_MSH, 0, 0, 14),
        new(BPF_LD_H_IND, 0, 0, 16),
        new(BPF_JMP_JEQ_K, 9, 8, DhcpResponder.ServerPort),
        new(BPF_JMP_JEQ_K, 0, 7, UdpFrame.EtherTypeIpv6),
        new(BPF_LD_B_ABS, 0, 0, 20),
        new(BPF_JMP_JEQ_K, 0, 2, UdpFrame.ProtocolUdp),
        new(BPF_LD_H_ABS, 0, 0, 56),
        new(BPF_JMP_JEQ_K, 4, 3, Dhcpv6Responder.ServerPort),
        new(BPF_JMP_JEQ_K, 0, 2, Icmpv6),
        new(BPF_LD_B_ABS, 0, 0, 54),
        new(BPF_JMP_JEQ_K, 1, 0, RouterSolicitationType),
        new(BPF_RET_K, 0, 0, 0),
        new(BPF_RET_K, 0, 0, AllBytes),
    ];

    public static ReadOnlySpan<SockFilter> Filter => Instructions;
}
