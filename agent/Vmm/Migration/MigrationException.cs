namespace Appliance.Vmm.Migration;

/// <summary>A migration did not come to its end: cancelled, refused, too slow, or the connection broke.</summary>
internal sealed class MigrationException(string message) : Exception(message);
