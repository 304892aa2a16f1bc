using System.Diagnostics;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>
/// What a pass costs on a node with 200 ports. Not part of the tests: <c>scripts/bench network</c> runs it. "Forgotten" are passes over
/// documents that were all read anew, as the first one after a start is: nothing of the plan before can be used again.
/// </summary>
public sealed class PassBenchmark : IDisposable
{
    private const int Ports = 200;
    private const int Passes = 40;

    private readonly TestNode _node = new();
    private readonly TestCloud _cloud = new();

    public void Dispose() => _node.Dispose();

    [Fact(Explicit = true)]
    public async Task Passes_over_two_hundred_ports()
    {
        string network = _cloud.AddNetwork();
        string group = _cloud.AddDefaultGroup("ingress IPv4 tcp 22", "ingress IPv4 icmp");
        for (int i = 0; i < Ports; i++)
            _cloud.AddPort(network, $"10.5.0.{i + 1}/16,fd00::{i + 1:x}/64", group);
        _cloud.Sets[group] = new(group, [.. _cloud.Ports.Values.SelectMany(port => port.FixedIps).Select(ip => ip.IpAddress)]);
        await _node.ConvergeAsync(_cloud);

        string changing = _cloud.Ports.Keys.First();
        await MeasureAsync("nothing changed, forgotten", _ => Forget());
        await MeasureAsync("nothing changed", _ => { });
        await MeasureAsync("one port changed, forgotten", pass =>
        {
            Forget();
            Change(changing, pass);
        });
        await MeasureAsync("one port changed", pass => Change(changing, pass));
    }

    private void Change(string port, int pass) => _cloud.Ports[port] = _cloud.Ports[port] with
    {
        AllowedAddressPairs = [new($"10.9.{pass}.0/24", _cloud.Ports[port].MacAddress)],
    };

    private void Forget()
    {
        foreach (string id in _cloud.Ports.Keys.ToList())
            _cloud.Ports[id] = _cloud.Ports[id] with { };
    }

    private async Task MeasureAsync(string name, Action<int> prepare)
    {
        var times = new List<double>();
        long allocated = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            prepare(pass);
            var desired = _cloud.Desired();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            long start = Stopwatch.GetTimestamp();
            await _node.TryConvergeAsync(desired);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"{Ports} ports, {name}\t{times[Passes / 2]:f1}\tms");
        TestContext.Current.TestOutputHelper?.WriteLine($"{Ports} ports, {name}, allocated\t{allocated / 1024}\tKiB");
    }
}
