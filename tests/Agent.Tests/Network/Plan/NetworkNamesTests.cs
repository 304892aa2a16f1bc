using Appliance.Agent.Network.Plan;

namespace Appliance.Agent.Tests.Network.Plan;

public sealed class NetworkNamesTests
{
    private const string Id = "01234567-89ab-cdef-0123-456789abcdef";

    [Fact]
    public void Interface_names_fit_the_kernel()
    {
        Assert.Equal("apb-01234567-89", NetworkNames.Bridge(Id));
        Assert.Equal("tap01234567-89", NetworkNames.Tap(Id));
        Assert.All([NetworkNames.Bridge(Id), NetworkNames.Vxlan(Id), NetworkNames.RouterPort(Id), NetworkNames.UplinkPeer(Id)],
            name => Assert.True(name.Length <= 15));
    }

    [Theory]
    [InlineData("tap0", false)]
    [InlineData("tap01234567-89", true)]
    [InlineData("apb-01234567-89", true)]
    [InlineData("apub0", false)]
    [InlineData("br-ex", false)]
    [InlineData("eth0", false)]
    public void Only_own_links_are_the_agents_to_remove(string name, bool own) => Assert.Equal(own, NetworkNames.IsOwnLink(name));

    [Fact]
    public void Agents_of_one_machine_leave_each_others_namespaces_alone()
    {
        string first = NetworkNames.RouterNamespace("", Id);
        string second = NetworkNames.RouterNamespace("4026532281", Id);
        Assert.True(NetworkNames.IsOwnNamespace("", first));
        Assert.False(NetworkNames.IsOwnNamespace("", second));
        Assert.True(NetworkNames.IsOwnNamespace("4026532281", second));
        Assert.False(NetworkNames.IsOwnNamespace("4026532281", first));
    }
}
