using Appliance.Linux.Libc;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>What became of reading a greeting.</summary>
internal enum VsockGreeting
{
    Incomplete,
    Complete,
    Wrong,
}

/// <summary>
/// The guest's ports as Unix sockets of the host, in the way programs know from Firecracker: who connects to <c>{path}</c> and writes
/// <c>CONNECT {port}\n</c> reaches a port of the guest and reads <c>OK {own port}\n</c>; who listens at <c>{path}_{port}</c> is reached by a guest
/// that connects to that port of the host (CID 2).
/// </summary>
internal sealed class VsockSockets : IDisposable
{
    // "CONNECT 4294967295\n"; a program that writes more without a line end speaks something else.
    private const int GreetingBytes = 19;

    private readonly UnixSocketFolder _folder;
    private readonly string _name;

    /// <param name="path">Replaced when it exists.</param>
    public VsockSockets(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        _name = Path.GetFileName(path);
        _folder = new UnixSocketFolder(folder);
        Listener = UnixSockets.Listen(folder, _name);
        UnixStreams.SetNonBlocking(Listener);
    }

    public Fd Listener { get; }

    /// <summary>Connects to who listens for a port; null when nobody does.</summary>
    public Fd? TryConnect(uint port) =>
        UnixStreams.TryConnect(_folder.PathOf(string.Create(CultureInfo.InvariantCulture, $"{_name}_{port}")), out _);

    /// <summary>Takes the line of a program that connected, and nothing behind it.</summary>
    public static VsockGreeting TakeGreeting(Fd stream, out uint port)
    {
        port = 0;
        Span<byte> line = stackalloc byte[GreetingBytes];
        int seen = UnixStreams.TryReceive(stream, line, Sockets.MSG_PEEK);
        if (seen == -(int)Errno.EAGAIN)
            return VsockGreeting.Incomplete;
        if (seen <= 0)
            return VsockGreeting.Wrong;
        int end = line[..seen].IndexOf((byte)'\n');
        if (end < 0)
            return seen < GreetingBytes ? VsockGreeting.Incomplete : VsockGreeting.Wrong;

        var word = "CONNECT "u8;
        bool isRight = line.StartsWith(word)
            && uint.TryParse(line[word.Length..end], NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && UnixStreams.TryReceive(stream, line[..(end + 1)]) == end + 1;
        return isRight ? VsockGreeting.Complete : VsockGreeting.Wrong;
    }

    /// <summary>Tells the program that the guest accepted; false when it is gone.</summary>
    public static bool TryWelcome(Fd stream, uint hostPort)
    {
        Span<byte> line = stackalloc byte[16];
        bool fits = Utf8TryWrite(line, hostPort, out int length);
        return fits && UnixStreams.TrySend(stream, line[..length]) == length;
    }

    public void Dispose()
    {
        Listener.Dispose();
        _folder.Dispose();
    }

    private static bool Utf8TryWrite(Span<byte> line, uint port, out int length) =>
        System.Text.Unicode.Utf8.TryWrite(line, CultureInfo.InvariantCulture, $"OK {port}\n", out length);
}
