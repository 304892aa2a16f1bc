using Appliance.Agent.Network.Plan;

namespace Appliance.Agent.Tests.Network.Plan;

public sealed class ProviderMappingTests
{
    [Theory]
    [InlineData("public=eth1", "eth1", null, false)]
    [InlineData("public=apub0,172.24.4.1/24", "apub0", "172.24.4.1/24", false)]
    [InlineData("public=apub0,172.24.4.1/24,masquerade", "apub0", "172.24.4.1/24", true)]
    public void Mappings_are_read(string text, string name, string? address, bool masquerade)
    {
        Assert.True(ProviderMapping.TryParse(text, out var mapping));
        Assert.Equal(("public", name, address, masquerade),
            (mapping.Label, mapping.Interface, mapping.HostAddress?.ToString(), mapping.Masquerade));
    }

    [Theory]
    [InlineData("public")]
    [InlineData("=eth1")]
    [InlineData("public=")]
    [InlineData("public=name-longer-than-the-kernel-takes")]
    [InlineData("public=apub0,172.24.4.1")]
    [InlineData("public=apub0,172.24.4.1/33")]
    [InlineData("public=apub0,172.24.4.1/24,other")]
    [InlineData("public=apub0,172.24.4.1/24,masquerade,more")]
    public void Anything_else_is_refused(string text) => Assert.False(ProviderMapping.TryParse(text, out _));
}
