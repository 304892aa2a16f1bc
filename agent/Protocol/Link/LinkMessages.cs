using System.Text.Json;

namespace Appliance.Protocol.Link;

/// <summary>
/// One message of the control channel, in either direction: exactly one member is set. Framing: a 4-byte big-endian length, then UTF-8 JSON
/// (<see cref="LinkFraming"/>).
/// </summary>
public sealed record LinkMessage
{
    /// <summary>Agent, first message of a connection.</summary>
    public HelloMessage? Hello { get; init; }
    /// <summary>Controller, answer to <see cref="Hello"/>.</summary>
    public WelcomeMessage? Welcome { get; init; }
    /// <summary>Controller: changes of the desired documents.</summary>
    public ApplyMessage? Apply { get; init; }
    /// <summary>Agent: everything up to a sequence is durable here.</summary>
    public AcknowledgeMessage? Acknowledge { get; init; }
    /// <summary>Agent: what is.</summary>
    public StatusMessage? Status { get; init; }
    /// <summary>Agent: the node's capacity and capabilities changed.</summary>
    public NodeReport? Report { get; init; }
    /// <summary>Either side, every <see cref="LinkTiming.HeartbeatInterval"/> of silence.</summary>
    public HeartbeatMessage? Heartbeat { get; init; }
    public RequestMessage? Request { get; init; }
    public ResponseMessage? Response { get; init; }
}

/// <param name="ProtocolVersion"><see cref="LinkVersions.Current"/> of the agent.</param>
/// <param name="LastSequence">The last <see cref="ApplyMessage.Sequence"/> stored durably; 0: none.</param>
/// <param name="StoreId">Identity of the node's document store: a new one after its disk was lost, so that sequences are not compared across stores.</param>
public sealed record HelloMessage(int ProtocolVersion, string NodeId, string StoreId, long LastSequence, NodeReport Report);

/// <param name="FullSync">The next <see cref="ApplyMessage"/> has every document this node should have; what it does not name is removed.</param>
public sealed record WelcomeMessage(int ProtocolVersion, bool FullSync);

/// <param name="BaseSequence">
/// What a partial message builds on: the node refuses it, by closing the link, unless its last durable sequence is exactly this. 0 when full.
/// </param>
/// <param name="Sequence">
/// The state of the documents this message leads to. Never less than <paramref name="BaseSequence"/>; equal when the message only repeats removals.
/// </param>
/// <param name="Full">Replaces everything the node holds.</param>
public sealed record ApplyMessage(
    long BaseSequence, long Sequence, bool Full, IReadOnlyList<DesiredDocument> Documents, IReadOnlyList<RemovedDocument> Removed);

public sealed record AcknowledgeMessage(long Sequence);

/// <param name="Full">All statuses the node has: sent after every connect. Otherwise only what changed.</param>
/// <param name="Gone">Removals of which nothing is left on the node: the record as it came in <see cref="ApplyMessage.Removed"/>.</param>
public sealed record StatusMessage(bool Full, IReadOnlyList<ObjectStatus> Statuses, IReadOnlyList<RemovedDocument> Gone);

public sealed record HeartbeatMessage(long Sequence);

/// <param name="Method"><see cref="LinkMethods"/>.</param>
public sealed record RequestMessage(long Id, string Method, JsonElement Arguments);

/// <param name="Error">Null on success.</param>
public sealed record ResponseMessage(long Id, JsonElement? Result, string? Error);

/// <summary>What each side may ask the other.</summary>
public static class LinkMethods
{
    /// <summary><see cref="ConsoleLogArguments"/> → <see cref="ConsoleLogResult"/>.</summary>
    public const string ConsoleLog = "console_log";

    /// <summary>No arguments → <see cref="HostUptimeResult"/>.</summary>
    public const string HostUptime = "host_uptime";
}

/// <param name="MaxBytes">From the end.</param>
public sealed record ConsoleLogArguments(string ServerId, int MaxBytes);

/// <param name="Base64">Raw bytes the guest wrote.</param>
public sealed record ConsoleLogResult(string Base64);

/// <summary>How long the node's machine has been up and how busy it is, as uptime(1) says it.</summary>
/// <param name="Users">Logged in to the machine itself.</param>
/// <param name="Load">Averages over 1, 5 and 15 minutes.</param>
public sealed record HostUptimeResult(double UptimeSeconds, int Users, IReadOnlyList<double> Load);

/// <summary>Channels of the multiplexer (Nerdbank.Streams, protocol version 3).</summary>
public static class LinkChannels
{
    /// <summary>Index of the control channel, which both sides seed: it exists from the first byte, without an offer.</summary>
    public const int Control = 0;
    /// <summary>Receiving window of the control channel, in bytes.</summary>
    public const int ControlWindowBytes = 512 * 1024;
    /// <summary>Receiving window of a byte channel, in bytes: enough for 1 Gbit/s at 8 ms.</summary>
    public const int DataWindowBytes = 1024 * 1024;
    /// <summary>Offered by the agent: <c>image/{image id}/{offset}</c>; the controller writes the image's bytes from the offset and completes.</summary>
    public const string Image = "image/";
    /// <summary>Offered by the controller: <c>serial/{server id}</c>; both ways, the guest's first serial port.</summary>
    public const string Serial = "serial/";
}

public static class LinkVersions
{
    public const int Current = 1;
}

public static class LinkTiming
{
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(5);
    /// <summary>Silence after which the other side counts as gone.</summary>
    public static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(20);
}
