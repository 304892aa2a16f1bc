namespace Appliance.Controller.Identity;

/// <summary>Booleans in query strings, as oslo.utils' <c>bool_from_string</c> reads them.</summary>
internal static class QueryFlags
{
    private static readonly string[] True = ["1", "t", "true", "on", "y", "yes"];

    public static bool IsTrue(string text) => True.Contains(text.Trim(), StringComparer.OrdinalIgnoreCase);
}
