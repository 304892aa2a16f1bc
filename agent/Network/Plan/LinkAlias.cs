using System.Diagnostics.CodeAnalysis;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// What the agent writes into a link's alias: the document's full id, and the number that packets of it are marked with. The kernel thus
/// remembers numbers across restarts of the agent, which established connections depend on.
/// </summary>
/// <param name="Number">Port: its half of the packet mark. Network: its conntrack zone. 1 to 65535; 0 for links without one.</param>
internal sealed record LinkAlias(string Kind, string Id, int Number)
{
    /// <summary>Kind of this machine's own interface on a provider network; its number is 0 or <see cref="SwitchedForwardingOn"/>.</summary>
    public const string HostUplink = "host-uplink";

    public const int SwitchedForwardingOn = 1;

    private const string Prefix = "appliance";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix} {Kind} {Id} {Number}");

    public static bool TryParse(string text, [NotNullWhen(true)] out LinkAlias? alias)
    {
        alias = null;
        if (text.Split(' ') is not [Prefix, var kind, var id, var digits])
            return false;
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > ushort.MaxValue)
            return false;

        alias = new(kind, id, number);
        return true;
    }
}
