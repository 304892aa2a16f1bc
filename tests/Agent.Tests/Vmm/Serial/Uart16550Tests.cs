using Appliance.Vmm.Serial;

namespace Appliance.Agent.Tests.Vmm.Serial;

public sealed class Uart16550Tests
{
    private readonly List<byte> _sent = [];
    private readonly Uart16550 _uart;
    private int _interrupts;

    public Uart16550Tests() => _uart = new Uart16550(_sent.Add, () => _interrupts++);

    [Fact]
    public void Bytes_are_sent_at_once_and_the_transmitter_is_always_empty()
    {
        _uart.Write(0, (byte)'A');
        Assert.Equal([(byte)'A'], _sent);
        Assert.Equal(0x60, _uart.Read(5) & 0x60);
        Assert.Equal(0, _interrupts);
    }

    [Fact]
    public void The_divisor_latch_hides_data_and_interrupt_enable()
    {
        _uart.Write(3, 0x83);
        _uart.Write(0, 0x34);
        _uart.Write(1, 0x12);
        Assert.Equal((0x34, 0x12), (_uart.Read(0), _uart.Read(1)));
        _uart.Write(3, 0x03);
        Assert.Equal((0, 0), (_uart.Read(0), _uart.Read(1)));
        Assert.Empty(_sent);
    }

    [Fact]
    public void A_received_byte_interrupts_and_is_read_once()
    {
        _uart.Write(1, 0x01);
        Assert.True(_uart.TryReceive((byte)'x'));
        Assert.Equal(1, _interrupts);
        Assert.Equal(0x04, _uart.Read(2) & 0x0F);
        Assert.Equal(1, _uart.Read(5) & 1);
        Assert.Equal((byte)'x', _uart.Read(0));
        Assert.Equal(0, _uart.Read(5) & 1);
        Assert.Equal(0x01, _uart.Read(2) & 0x0F);
    }

    [Fact]
    public void The_transmitter_interrupt_comes_when_enabled_and_after_each_byte_until_identified()
    {
        _uart.Write(1, 0x02);
        Assert.Equal(1, _interrupts);
        Assert.Equal(0x02, _uart.Read(2) & 0x0F);
        Assert.Equal(0x01, _uart.Read(2) & 0x0F);
        _uart.Write(0, 1);
        Assert.Equal(2, _interrupts);
        Assert.Equal(0x02, _uart.Read(2) & 0x0F);
    }

    [Fact]
    public void A_full_receiver_takes_no_more_and_loses_nothing()
    {
        for (byte i = 0; i < Uart16550.FifoBytes; i++)
            Assert.True(_uart.TryReceive(i));
        Assert.False(_uart.TryReceive(99));
        for (byte i = 0; i < Uart16550.FifoBytes; i++)
            Assert.Equal(i, _uart.Read(0));
        _uart.TryReceive(1);
        _uart.Write(2, 0x03);           // FIFO on, receiver cleared
        Assert.Equal((0, 0xC1), (_uart.Read(5) & 1, _uart.Read(2)));
    }

    [Fact]
    public void Loopback_is_what_the_kernels_detection_expects()
    {
        _uart.Write(4, 0x1A);           // LOOP, OUT2, RTS
        Assert.Equal(0x90, _uart.Read(6) & 0xF0);
        _uart.Write(0, 0x55);
        Assert.Equal(0x55, _uart.Read(0));
        Assert.Empty(_sent);
    }
}
