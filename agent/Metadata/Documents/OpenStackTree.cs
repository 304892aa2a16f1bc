using static Appliance.Agent.Metadata.Documents.MetadataVersions;

namespace Appliance.Agent.Metadata.Documents;

/// <summary>The OpenStack tree without the password, which is no document. Behaviour: nova/api/metadata/base.py, <c>RouteConfiguration</c>.</summary>
internal static class OpenStackTree
{
    public const string MetaData = "meta_data.json";
    public const string UserData = "user_data";
    public const string Password = "password";
    public const string VendorData = "vendor_data.json";
    public const string VendorData2 = "vendor_data2.json";
    public const string NetworkDataName = "network_data.json";

    // The site has no vendor data; these are what Nova's StaticJSON provider then gives.
    private static readonly MetadataContent NoVendorData = new("{}"u8.ToArray(), MetadataContent.Json);
    private static readonly MetadataContent NoVendorData2 = new("""{"static": {}}"""u8.ToArray(), MetadataContent.Json);

    /// <param name="tokens">The parts of the path after <c>openstack</c>.</param>
    public static MetadataContent? Find(MetadataServer server, ReadOnlySpan<string> tokens)
    {
        if (tokens is [])
            return MetadataContent.List([.. OpenStack, Latest]);
        if (Resolve(OpenStack, tokens[0]) is not { } version || tokens.Length > 2)
            return null;
        if (tokens is [_])
            return MetadataContent.List(List(server, version));

        return tokens[1] switch
        {
            MetaData => new MetadataContent(ServerMetadata.Write(server, version, [], null), MetadataContent.Json),
            UserData => server.UserData is { } userData ? new MetadataContent(userData, MetadataContent.PlainText) : null,
            VendorData when Has(OpenStack, version, Havana) => NoVendorData,
            VendorData2 when Has(OpenStack, version, NewtonTwo) => NoVendorData2,
            // Served as text at every version, as Nova does.
            NetworkDataName => new MetadataContent(NetworkData.Write(server), MetadataContent.PlainText),
            _ => null,
        };
    }

    /// <summary>Whether the path is that of the password, which can be read and set.</summary>
    public static bool IsPassword(ReadOnlySpan<string> tokens) =>
        tokens is [var name, Password] && Resolve(OpenStack, name) is { } version && Has(OpenStack, version, Grizzly);

    private static IEnumerable<string> List(MetadataServer server, string version)
    {
        yield return MetaData;
        if (server.UserData is not null)
            yield return UserData;
        if (Has(OpenStack, version, Grizzly))
            yield return Password;
        if (Has(OpenStack, version, Havana))
            yield return VendorData;
        if (Has(OpenStack, version, Liberty))
            yield return NetworkDataName;
        if (Has(OpenStack, version, NewtonTwo))
            yield return VendorData2;
    }
}
