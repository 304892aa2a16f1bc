namespace Appliance.Controller.Networking;

/// <summary>Policy rules of operations that upstream opens to every token without naming a rule.</summary>
internal static class NetworkingPolicies
{
    /// <summary>Anybody with a token; the handler may ask more.</summary>
    public const string AnyCaller = "networking_any_caller";

    public const string Yaml = $"\"{AnyCaller}\": \"\"\n";
}
