namespace Appliance.Controller.Placement.Allocations;

/// <summary>An amount of one class that a consumer holds on a provider.</summary>
internal sealed record Allocation(string ConsumerId, string ProviderId, long ProviderGeneration, string ResourceClass, long Used);

/// <summary>Who holds allocations.</summary>
/// <param name="Generation">Grows each time its allocations are written.</param>
/// <param name="Type">Such as <c>INSTANCE</c>; null: nobody has said.</param>
internal sealed record Consumer(string Id, string ProjectId, string UserId, long Generation, string? Type, DateTimeOffset UpdatedAt)
{
    /// <summary>What a consumer without type is called.</summary>
    public const string UnknownType = "unknown";
}

/// <summary>What a consumer should hold.</summary>
/// <param name="ProjectId">Null in versions that did not say; the user then is null, too.</param>
/// <param name="Generation">The one the caller has seen; null: he expects the consumer to be new.</param>
/// <param name="Type">Null in versions that did not say.</param>
/// <param name="Amounts">Empty: it should hold nothing.</param>
internal sealed record WantedAllocations(
    string ConsumerId, string? ProjectId, string? UserId, long? Generation, string? Type,
    IReadOnlyList<(string ProviderId, string ResourceClass, long Amount)> Amounts);
