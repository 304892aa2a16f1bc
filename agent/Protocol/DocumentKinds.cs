namespace Appliance.Protocol;

/// <summary>The kinds of desired document a node can hold; the <c>kind</c> of <see cref="DesiredDocument"/> and <see cref="ObjectStatus"/>.</summary>
public static class DocumentKinds
{
    public const string Network = "network";
    public const string Port = "port";
    public const string Neighbor = "neighbor";
    public const string SecurityGroup = "security_group";
    public const string AddressSet = "address_set";
    public const string Router = "router";
    public const string Server = "server";
}
