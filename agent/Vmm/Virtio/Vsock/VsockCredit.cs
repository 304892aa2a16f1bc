namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>
/// How much each side may send, §5.10.6.3. Counters are free-running and wrap at 2^32; what the guest claims is believed only as a limit on what is
/// sent to itself.
/// </summary>
internal struct VsockCredit
{
    /// <summary>Bytes a guest may send beyond what the host's program took. A hostile guest makes the VMM hold this much per connection.</summary>
    public const uint OwnBytes = 64 * 1024;

    // A guest that is told at every byte is kept busy; one that is told at the last waits. In between, as Linux does it.
    private const uint TellAfterBytes = OwnBytes / 2;

    private uint _peerBytes, _peerForwarded, _sent;
    private uint _forwarded, _toldForwarded;

    /// <summary>For a header: bytes passed on to the host's program.</summary>
    public readonly uint Forwarded => _forwarded;

    /// <summary>Bytes that may be sent to the guest now; 0 as well when its counters make no sense.</summary>
    public readonly uint PeerFree => _sent - _peerForwarded is var inFlight && inFlight < _peerBytes ? _peerBytes - inFlight : 0;

    /// <summary>The guest should be told that there is room again.</summary>
    public readonly bool ShouldTell => _forwarded - _toldForwarded >= TellAfterBytes;

    /// <summary>Takes over what a packet of the guest says.</summary>
    public void Learn(in VsockHeader header) => (_peerBytes, _peerForwarded) = (header.buf_alloc, header.fwd_cnt);

    public void Sent(uint bytes) => _sent += bytes;

    public void Forward(uint bytes) => _forwarded += bytes;

    /// <summary>A header with <see cref="Forwarded"/> goes to the guest.</summary>
    public void Told() => _toldForwarded = _forwarded;
}
