using Appliance.Agent.Faults;
using Appliance.Agent.Logging;
using Appliance.Agent.Metadata;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Tests.Linux;

namespace Appliance.Agent.Tests.Metadata;

/// <summary>Passes over the metadata that run beside one over the network, which makes a namespace first and its inside later.</summary>
public sealed class MetadataOrderTests : IAsyncDisposable
{
    private readonly TestNamespace _namespace = new();
    private readonly StringWriter _log = new();
    private readonly MetadataService _metadata;

    public MetadataOrderTests() =>
        _metadata = new(new PasswordStore(Path.GetTempPath()), TimeProvider.System, new Log(_log, LogLevel.Information, TimeProvider.System));

    public async ValueTask DisposeAsync()
    {
        await _metadata.DisposeAsync();
        _namespace.Dispose();
    }

    [Fact]
    public async Task A_namespace_is_served_as_soon_as_it_has_its_addresses_and_waited_for_in_silence()
    {
        _namespace.Exec("sysctl -qw net.ipv4.ip_nonlocal_bind=0");
        await AssertWaitsAsync();
        _namespace.Exec($"ip link add {NetworkNames.MetadataInterface} type veth peer name other");
        await AssertWaitsAsync();
        _namespace.Exec($"sysctl -qw net.ipv6.conf.{NetworkNames.MetadataInterface}.accept_dad=0");
        _namespace.Exec("ip link set other up");
        _namespace.Exec($"ip link set {NetworkNames.MetadataInterface} up");
        _namespace.Exec($"ip addr add 169.254.169.254/32 dev {NetworkNames.MetadataInterface}");
        _namespace.Exec($"ip addr add fe80::a9fe:a9fe/64 dev {NetworkNames.MetadataInterface} nodad");
        Assert.Empty(await UpdateAsync());
        Assert.Contains(":80", _namespace.Exec("ss -Hltn"));
        Assert.Equal("", _log.ToString());
    }

    private async Task AssertWaitsAsync() => Assert.Equal(FaultKind.Waiting, Assert.Single(await UpdateAsync()).Kind);

    private Task<IReadOnlyList<Fault>> UpdateAsync() =>
        _metadata.UpdateAsync([], [new("n1", _namespace.Name, NetworkNames.MetadataInterface)], TestContext.Current.CancellationToken);
}
