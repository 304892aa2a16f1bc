namespace Appliance.Agent.Metadata.ConfigDrive;

/// <summary>A file of the config drive.</summary>
/// <param name="Path">With slashes, for example <c>openstack/latest/meta_data.json</c>.</param>
internal sealed record ConfigDriveFile(string Path, byte[] Content);
