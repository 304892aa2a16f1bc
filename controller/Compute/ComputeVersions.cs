using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>
/// The microversions of the compute API that are honoured, each with what it changed for an operation served here. Versions without a
/// constant changed only operations that are not served, or nothing a caller can see.
/// </summary>
internal static class ComputeVersions
{
    public static readonly Microversion Min = new(2, 1);
    public static readonly Microversion Max = new(2, 1);

    public static readonly MicroversionRange Range = new("compute", Min, Max, "X-OpenStack-Nova-API-Version");

    /// <summary>Key pairs have a <c>type</c>; creating one answers 201, deleting 204.</summary>
    public static readonly Microversion KeypairTypes = new(2, 2);

    /// <summary>Everybody may filter servers by <c>ip6</c>.</summary>
    public static readonly Microversion Ip6FilterForAll = new(2, 5);

    /// <summary>One operation opens consoles of every kind.</summary>
    public static readonly Microversion RemoteConsoles = new(2, 6);

    /// <summary>Administrators may name the user of a key pair.</summary>
    public static readonly Microversion KeypairsOfUsers = new(2, 10);

    /// <summary>Key pairs come in pages.</summary>
    public static readonly Microversion KeypairPages = new(2, 35);

    /// <summary>A <c>status</c> filter with no such status is refused; before, it found nothing.</summary>
    public static readonly Microversion BadStatusIsRefused = new(2, 38);
}
