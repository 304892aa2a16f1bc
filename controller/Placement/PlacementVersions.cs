using Appliance.Controller.Http;

namespace Appliance.Controller.Placement;

/// <summary>The microversions of Placement that are honoured, each with what it changed.</summary>
internal static class PlacementVersions
{
    public static readonly Microversion Min = new(1, 0);
    public static readonly Microversion Max = new(1, 0);
    public static readonly MicroversionRange Range = new("placement", Min, Max);
}
