namespace Appliance.Controller.Tests.Placement;

/// <summary>Allocation candidates: flat and nested providers, groups, what is shared.</summary>
public class CandidateTests
{
    [Fact]
    public async Task A_spread_group_takes_each_class_from_any_provider_of_the_tree()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (_, names) = await MakeHostAsync(cloud);
        Assert.Equal(
            ["host:MEMORY_MB=512 numa0:VCPU=2", "host:MEMORY_MB=512 numa1:VCPU=2"],
            await cloud.CandidatesAsync("resources=VCPU:2,MEMORY_MB:512", names));
        // One provider cannot give what only two together have.
        Assert.Empty(await cloud.CandidatesAsync("resources=VCPU:8", names));
        Assert.Empty(await cloud.CandidatesAsync("resources1=VCPU:2,MEMORY_MB:512", names));
        // Before 1.29 a candidate was of one provider of each tree.
        Assert.Empty(await cloud.CandidatesAsync("resources=VCPU:2,MEMORY_MB:512", names, "1.28"));
    }

    [Fact]
    public async Task Traits_of_a_spread_group_are_those_of_all_its_providers_together()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (_, names) = await MakeHostAsync(cloud);
        Assert.Equal(["host:MEMORY_MB=512 numa0:VCPU=2"],
            await cloud.CandidatesAsync("resources=VCPU:2,MEMORY_MB:512&required=HW_CPU_X86_AVX,STORAGE_DISK_SSD", names));
        Assert.Equal(["host:MEMORY_MB=512 numa1:VCPU=2"],
            await cloud.CandidatesAsync("resources=VCPU:2,MEMORY_MB:512&required=!HW_CPU_X86_AVX", names));
        Assert.Equal(2, (await cloud.CandidatesAsync("resources=VCPU:2,MEMORY_MB:512&required=in:STORAGE_DISK_SSD,HW_CPU_X86_AVX", names)).Length);
        Assert.Single(await cloud.CandidatesAsync("resources=VCPU:2&required=in:STORAGE_DISK_SSD,HW_CPU_X86_AVX", names));
        (await cloud.PlacementAsync("/allocation_candidates?resources=VCPU:2&required=in:HW_CPU_X86_AVX", "1.38")).ShouldBeError(400, "since microversion 1.39");
        (await cloud.PlacementAsync("/allocation_candidates?resources=VCPU:2&required=CUSTOM_NO")).ShouldBeError(400, "No such trait(s): CUSTOM_NO.");
        (await cloud.PlacementAsync("/allocation_candidates?resources=NO:2")).ShouldBeError(400, "No such resource class NO.");
    }

    [Fact]
    public async Task Groups_come_from_one_provider_each_and_can_be_kept_apart()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (ids, names) = await MakeHostAsync(cloud);
        const string Groups = "resources_A=VCPU:2&resources_B=VCPU:2";
        (await cloud.PlacementAsync("/allocation_candidates?" + Groups)).ShouldBeError(400, "The \"group_policy\" parameter is required");
        (await cloud.PlacementAsync("/allocation_candidates?resources1=VCPU:2&group_policy=bogus")).ShouldBeError(400, "'bogus' is not one of ['none', 'isolate']");
        (await cloud.PlacementAsync("/allocation_candidates?resources_A=VCPU:2", "1.32")).ShouldBeError(400, "does not match any of the regexes");

        // 4 on one provider, or 2 on each of two, either way round: the same amounts, other mappings.
        Assert.Equal(["numa0:VCPU=2 numa1:VCPU=2", "numa0:VCPU=2 numa1:VCPU=2", "numa0:VCPU=4", "numa1:VCPU=4"],
            await cloud.CandidatesAsync(Groups + "&group_policy=none", names));
        Assert.Equal(["numa0:VCPU=2 numa1:VCPU=2", "numa0:VCPU=2 numa1:VCPU=2"], await cloud.CandidatesAsync(Groups + "&group_policy=isolate", names));
        // Together no more than there is: each has 4.
        Assert.Equal(2, (await cloud.CandidatesAsync("resources_A=VCPU:3&resources_B=VCPU:3&group_policy=none", names)).Length);

        var one = (await cloud.PlacementAsync($"/allocation_candidates?resources_A=VCPU:1&required_A=HW_CPU_X86_AVX")).ShouldBe(200).Json;
        Assert.Equal(ids["numa0"], (string?)one["allocation_requests"]![0]!["mappings"]!["_A"]![0]);
        Assert.Equal(ids["host"], (string?)one["provider_summaries"]![ids["numa0"]]!["parent_provider_uuid"]);
        Assert.Equal(3, one["provider_summaries"]!.AsObject().Count);
    }

    [Fact]
    public async Task Groups_can_have_to_be_in_one_subtree()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (ids, names) = await MakeHostAsync(cloud);
        foreach (var number in (string[])["0", "1"])
        {
            var nic = await cloud.MakeProviderAsync("nic" + number, "SRIOV_NET_VF:2", ids["numa" + number]);
            names[nic] = "nic" + number;
        }

        const string Groups = "resources_CPU=VCPU:1&resources_NIC=SRIOV_NET_VF:1&group_policy=none";
        Assert.Equal(4, (await cloud.CandidatesAsync(Groups, names)).Length);
        Assert.Equal(["nic0:SRIOV_NET_VF=1 numa0:VCPU=1", "nic1:SRIOV_NET_VF=1 numa1:VCPU=1"],
            await cloud.CandidatesAsync(Groups + "&same_subtree=_CPU,_NIC", names));
        // A group without resources says which subtree.
        Assert.Equal(["nic0:SRIOV_NET_VF=1"],
            await cloud.CandidatesAsync("resources_NIC=SRIOV_NET_VF:1&required_TOP=HW_CPU_X86_AVX&group_policy=none&same_subtree=_NIC,_TOP", names));
        (await cloud.PlacementAsync("/allocation_candidates?resources_NIC=SRIOV_NET_VF:1&required_TOP=HW_CPU_X86_AVX&group_policy=none"))
            .ShouldBeError(400, "bad group(s) - ['_TOP']", "placement.query.bad_value");
        (await cloud.PlacementAsync($"/allocation_candidates?{Groups}&same_subtree=_CPU,_NO")).ShouldBeError(400, "['_NO'] not found in", "placement.query.bad_value");
        (await cloud.PlacementAsync("/allocation_candidates?required_TOP=HW_CPU_X86_AVX&same_subtree=_TOP"))
            .ShouldBeError(400, "There must be at least one resources", "placement.query.missing_value");
    }

    [Fact]
    public async Task Trees_are_chosen_by_a_member_by_the_traits_of_the_root_and_by_aggregates()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (ids, names) = await MakeHostAsync(cloud);
        var aggregate = Guid.NewGuid().ToString();
        names[await cloud.MakeProviderAsync("other", "VCPU:4,MEMORY_MB:1024", traits: ["COMPUTE_VOLUME_MULTI_ATTACH"], aggregate: aggregate)] = "other";

        Assert.Equal(["numa0:VCPU=1", "numa1:VCPU=1"], await cloud.CandidatesAsync($"resources=VCPU:1&in_tree={ids["numa1"]}", names));
        Assert.Equal(["other:VCPU=1"], await cloud.CandidatesAsync("resources=VCPU:1&root_required=COMPUTE_VOLUME_MULTI_ATTACH", names));
        Assert.Equal(2, (await cloud.CandidatesAsync("resources=VCPU:1&root_required=!COMPUTE_VOLUME_MULTI_ATTACH", names)).Length);
        Assert.Equal(["other:VCPU=1"], await cloud.CandidatesAsync($"resources=VCPU:1&member_of={aggregate}", names));
        Assert.Equal(["other:VCPU=1"], await cloud.CandidatesAsync($"resources1=VCPU:1&member_of1=in:{aggregate},{Guid.NewGuid()}", names));
        Assert.Equal(2, (await cloud.CandidatesAsync($"resources=VCPU:1&member_of=!{aggregate}", names)).Length);
        Assert.Single(await cloud.CandidatesAsync("resources=VCPU:1&limit=1", names));
        Assert.Empty(await cloud.CandidatesAsync($"resources=VCPU:1&in_tree={Guid.NewGuid()}", names));
        (await cloud.PlacementAsync("/allocation_candidates?resources=VCPU:1&limit=0")).ShouldBeError(400, "'0' does not match '^[1-9][0-9]*$'");
        (await cloud.PlacementAsync("/allocation_candidates?resources=VCPU:1&root_required=HW_CPU_X86_AVX&root_required=HW_CPU_X86_AVX"))
            .ShouldBeError(400, "only once", "placement.query.duplicate_key");
        (await cloud.PlacementAsync("/allocation_candidates?resources=VCPU:1&required=!HW_CPU_X86_AVX,HW_CPU_X86_AVX"))
            .ShouldBeError(400, "Conflicting required and forbidden traits found in the following traits keys: required: (HW_CPU_X86_AVX)");
        (await cloud.PlacementAsync("/allocation_candidates?resources=VCPU:1&member_of=nothing")).ShouldBeError(400, "valid UUID(s). Got: nothing");
    }

    [Fact]
    public async Task What_is_shared_serves_every_tree_of_its_aggregates()
    {
        await using var cloud = await TestCloud.StartAsync();
        var aggregate = Guid.NewGuid().ToString();
        var names = new Dictionary<string, string>
        {
            [await cloud.MakeProviderAsync("near1", "VCPU:4", aggregate: aggregate)] = "near1",
            [await cloud.MakeProviderAsync("near2", "VCPU:4,DISK_GB:10", aggregate: aggregate)] = "near2",
            [await cloud.MakeProviderAsync("far", "VCPU:4")] = "far",
            [await cloud.MakeProviderAsync("nfs", "DISK_GB:100", traits: ["MISC_SHARES_VIA_AGGREGATE"], aggregate: aggregate)] = "nfs",
        };
        Assert.Equal(["near1:VCPU=1 nfs:DISK_GB=5", "near2:DISK_GB=5+VCPU=1", "near2:VCPU=1 nfs:DISK_GB=5"],
            await cloud.CandidatesAsync("resources=VCPU:1,DISK_GB:5", names));
        Assert.Equal(["near1:VCPU=1 nfs:DISK_GB=50", "near2:VCPU=1 nfs:DISK_GB=50"],
            await cloud.CandidatesAsync("resources=VCPU:1&resources1=DISK_GB:50", names));
        // Nothing but what is shared: once, not once for every tree.
        Assert.Equal(["nfs:DISK_GB=50"], await cloud.CandidatesAsync("resources=DISK_GB:50", names));
    }

    // host (memory, a disk trait) with two NUMA nodes (4 processors each), the first with AVX.
    private static async Task<(Dictionary<string, string> Ids, Dictionary<string, string> Names)> MakeHostAsync(TestCloud cloud)
    {
        var host = await cloud.MakeProviderAsync("host", "MEMORY_MB:4096", traits: ["STORAGE_DISK_SSD"]);
        var ids = new Dictionary<string, string>
        {
            ["host"] = host,
            ["numa0"] = await cloud.MakeProviderAsync("numa0", "VCPU:4", host, ["HW_CPU_X86_AVX"]),
            ["numa1"] = await cloud.MakeProviderAsync("numa1", "VCPU:4", host),
        };
        return (ids, ids.ToDictionary(static pair => pair.Value, static pair => pair.Key));
    }
}
