using Appliance.Agent.Metadata;
using Appliance.Agent.Tests.Network;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Metadata;

/// <summary>A server as the controller sends it, to be varied with <c>with</c>.</summary>
internal static class GuestServers
{
    public const string PublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI+a/b guest@example";

    public static readonly ServerMetadataDocument Metadata = new(
        "web", "nova", Convert.ToBase64String("#!/bin/sh\necho hello\n"u8), 0, "m1.tiny", "r-12345678", new Dictionary<string, string> { ["role"] = "front+end" },
        [new("mine", "ssh", PublicKey)], ["default", "web"], "s3cret", [new("/etc/motd", Convert.ToBase64String("welcome"u8))]);

    public static readonly ServerDocument Document = new(
        "4f3c2b1a-0000-4000-8000-000000000000", "project-1", "user-1", "Web 1", null, PowerStates.Running, 1, 128, 1, 1, 64,
        new ImageDocument("9e8d7c6b-0000-4000-8000-000000000000", "", 0, "qcow2", null, null, new Dictionary<string, string>()),
        [GuestDocuments.Port.Id], false, new Dictionary<string, string>(), Metadata, []);

    public static readonly MetadataServer Server = new(
        Document, [new MetadataPort(GuestDocuments.Port with { FloatingIpAddress = "203.0.113.9" }, GuestDocuments.Network)]);

    public static MetadataServer With(ServerMetadataDocument metadata) => Server with { Server = Document with { Metadata = metadata } };
}
