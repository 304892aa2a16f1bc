using Appliance.Agent.Commands;

namespace Appliance.Agent.Tests.Commands;

public sealed class AgentOptionsTests
{
    [Fact]
    public void All_options_are_read()
    {
        Assert.True(AgentOptions.TryParse(
            ["--data", "/d", "--controller", "https://c:1", "--join-token", $"s.{new string('0', 64)}", "--name", "n1", "--tunnel-address", "10.0.0.2",
             "--physical-network", "public=eth1", "--driver", "simulated", "--cpus", "64", "--memory-mib", "1024", "--disk-gib", "9",
             "--log-level", "debug"], out var options, out _));
        Assert.Equal(("/d", "c", "n1", "10.0.0.2", "simulated"),
            (options.DataFolder, options.Controller!.Host, options.HostName, options.TunnelAddress, options.Driver));
        Assert.Equal((64, 1024, 9), (options.Cpus, options.MemoryMiB, options.DiskGiB));
        Assert.Equal("public", Assert.Single(options.PhysicalNetworks).Label);
    }

    [Theory]
    [InlineData("--data DIR is missing", "--name", "x")]
    [InlineData("'--data' needs a value", "--data")]
    [InlineData("'--colour' is unknown", "--data", "/d", "--colour", "red")]
    [InlineData("--controller 'c' is not like https://", "--data", "/d", "--controller", "c")]
    [InlineData("--cpus '0' is not a number above 0", "--data", "/d", "--cpus", "0")]
    [InlineData("--name '../x' is not a host name", "--data", "/d", "--name", "../x")]
    [InlineData("--driver 'xen' is none of kvm", "--data", "/d", "--driver", "xen")]
    [InlineData("get one with 'appliance-controller join-token'", "--data", "/d", "--join-token", "x")]
    [InlineData("there is no file '/nonexistent'", "--data", "/d", "--join-token-file", "/nonexistent")]
    [InlineData("the label is mapped already", "--data", "/d", "--physical-network", "p=eth1", "--physical-network", "p=eth2")]
    public void A_mistake_is_named_with_what_was_expected(string error, params string[] arguments)
    {
        Assert.False(AgentOptions.TryParse(arguments, out _, out var said));
        Assert.Contains(error, said, StringComparison.Ordinal);
    }
}
