using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>Writes a server's config drive (ISO 9660, label <c>config-2</c>) to a new file at <paramref name="path"/>.</summary>
internal delegate Task ConfigDriveWriter(ServerDocument server, string path, CancellationToken ct);
