namespace Appliance.Vmm.Smbios;

/// <summary>What the machine says it is; guests recognize their cloud by it.</summary>
/// <param name="Uuid">Of the machine; also its serial number.</param>
internal sealed record SystemIdentity(Guid Uuid, string Manufacturer, string Product);
