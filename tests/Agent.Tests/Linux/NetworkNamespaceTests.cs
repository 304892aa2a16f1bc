using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Tests.Linux;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public void A_named_namespace_exists_until_it_is_deleted()
    {
        string name = TestNames.New();
        using (var made = NetworkNamespace.Ensure(name))
        {
            Assert.Contains(name, NetworkNamespace.List());
            Assert.NotEqual(Identity(), made.Run(Identity));
        }

        NetworkNamespace.Delete(name);
        Assert.DoesNotContain(name, NetworkNamespace.List());
        Assert.Null(NetworkNamespace.Find(name));
    }

    [Fact]
    public void Ensuring_twice_gives_the_same_namespace()
    {
        string name = TestNames.New();
        using var first = NetworkNamespace.Ensure(name);
        using var second = NetworkNamespace.Ensure(name);
        try
        {
            Assert.Equal(first.Run(Identity), second.Run(Identity));
        }
        finally
        {
            NetworkNamespace.Delete(name);
        }
    }

    [Fact]
    public void A_mount_point_that_a_crash_left_behind_is_completed()
    {
        string name = TestNames.New();
        Directory.CreateDirectory(NetworkNamespace.Folder);
        File.WriteAllText($"{NetworkNamespace.Folder}/{name}", "");
        Assert.Null(NetworkNamespace.Find(name));

        using var made = NetworkNamespace.Ensure(name);
        Assert.NotEqual(Identity(), made.Run(Identity));
        NetworkNamespace.Delete(name);
    }

    [Fact]
    public void An_exception_inside_comes_out_as_it_is()
    {
        using var here = NetworkNamespace.Current();
        Assert.Throws<FormatException>(() => here.Run(() => int.Parse("x")));
    }

    [Fact]
    public void Deleting_an_unknown_namespace_does_nothing() => NetworkNamespace.Delete(TestNames.New());

    private static string? Identity() => new FileInfo("/proc/thread-self/ns/net").LinkTarget;
}
