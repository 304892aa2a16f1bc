using Appliance.Agent.Network.Plan;

namespace Appliance.Agent.Tests.Network.Plan;

public sealed class NumberingTests
{
    [Fact]
    public void Ids_keep_the_numbers_they_have() => Assert.Equal(
        new Dictionary<string, int> { ["a"] = 7, ["b"] = 1 },
        Numbering.Assign([new("port", "a", 7)], ["a", "b"]));

    [Fact]
    public void The_number_of_what_goes_away_is_not_given_in_the_same_pass() =>
        Assert.Equal(2, Numbering.Assign([new("port", "gone", 1)], ["new"])["new"]);

    [Fact]
    public void A_number_that_two_have_stays_with_the_first() => Assert.Equal(
        new Dictionary<string, int> { ["a"] = 3, ["b"] = 1 },
        Numbering.Assign([new("port", "a", 3), new("port", "b", 3)], ["a", "b"]));

    [Fact]
    public void More_ids_than_numbers_leave_some_without() =>
        Assert.Equal(65535, Numbering.Assign([], Enumerable.Range(0, 70000).Select(n => $"{n}")).Count);
}
