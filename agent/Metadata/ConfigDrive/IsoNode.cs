namespace Appliance.Agent.Metadata.ConfigDrive;

/// <summary>A folder or file of an image; its place is known once the image is laid out.</summary>
internal sealed class IsoNode
{
    /// <summary>What a primary name may have with its version: names are shown to old systems as they are.</summary>
    private const int MaxNameLength = 29;

    private readonly SortedDictionary<string, IsoNode> _children = new(StringComparer.Ordinal);

    private IsoNode(string name, IsoNode? parent, byte[]? content) => (Name, Parent, Content) = (name, parent ?? this, content);

    public string Name { get; }

    /// <summary>The root is its own parent, as ECMA-119 §6.8.2.2 has it.</summary>
    public IsoNode Parent { get; }

    /// <summary>Null: a folder.</summary>
    public byte[]? Content { get; }

    public bool IsFolder => Content is null;

    public IEnumerable<IsoNode> Children => _children.Values;

    public static IsoNode Root(IEnumerable<ConfigDriveFile> files)
    {
        var root = new IsoNode("", null, null);
        foreach (var file in files)
        {
            string[] parts = file.Path.Split('/');
            var folder = parts[..^1].Aggregate(root, static (node, part) => node.Add(part, null));
            folder.Add(parts[^1], file.Content);
        }

        return root;
    }

    /// <summary>This folder and all below, each level before the next: the order of path tables (ECMA-119 §6.9.1).</summary>
    public IReadOnlyList<IsoNode> Folders()
    {
        var folders = new List<IsoNode> { this };
        for (int i = 0; i < folders.Count; i++)
            folders.AddRange(folders[i].Children.Where(child => child.IsFolder));
        return folders;
    }

    private IsoNode Add(string name, byte[]? content)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, MaxNameLength, nameof(name));
        if (!_children.TryGetValue(name, out var child))
            _children[name] = child = new IsoNode(name, this, content);
        return child;
    }
}
