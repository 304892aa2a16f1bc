namespace Appliance.Agent.Metadata.Documents;

/// <summary>Where a request's path leads. Behaviour: nova/api/metadata/base.py, <c>lookup</c>.</summary>
internal static class MetadataPath
{
    private const string Ec2Prefix = "ec2";
    private const string OpenStackPrefix = "openstack";

    /// <summary>The parts of a path, with <c>.</c> and <c>..</c> resolved and without the <c>ec2</c> that may stand before EC2's versions.</summary>
    public static Target Parse(string path)
    {
        var parts = new List<string>();
        foreach (string part in path.Split('/'))
        {
            if (part == ".." && parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else if (part is not ("" or "." or ".."))
                parts.Add(part);
        }

        bool isOpenStack = parts is [OpenStackPrefix, ..];
        if (parts is [OpenStackPrefix or Ec2Prefix, ..])
            parts.RemoveAt(0);
        return new Target(isOpenStack, [.. parts]);
    }

    /// <param name="Tokens">Below the tree's root; empty: the list of versions.</param>
    internal sealed record Target(bool IsOpenStack, string[] Tokens)
    {
        public bool IsPassword => IsOpenStack && OpenStackTree.IsPassword(Tokens);

        /// <returns>Null: there is nothing.</returns>
        public MetadataContent? Find(MetadataServer server, string? requester) =>
            IsOpenStack ? OpenStackTree.Find(server, Tokens)
            : Tokens is [] ? MetadataContent.List([.. MetadataVersions.Ec2, MetadataVersions.Latest])
            : Ec2Tree.Find(server, Tokens, requester);
    }
}
