using CsCheck;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class PagingProperties
{
    private const int Users = 17;

    [Fact]
    public async Task Pages_of_any_size_are_the_whole_list_once_in_its_order()
    {
        await using var cloud = await TestCloud.StartAsync();
        for (var i = 0; i < Users; i++)
            await cloud.CreateUserAsync($"{(i % 2 == 0 ? "even" : "odd")}{i}", password: null);

        await Gen.Select(Gen.Int[1, Users + 3], Gen.OneOf("", "&name__contains=even", "&name__istartswith=ODD", "&enabled=true", "&name=nobody"))
            .SampleAsync(async (limit, filter) =>
            {
                var whole = await IdsAsync($"{V3}/users?{filter.TrimStart('&')}");
                var pages = new List<string>();
                for (var url = $"{V3}/users?limit={limit}{filter}"; url is not null;)
                {
                    var page = (await cloud.GetAsync(url)).ShouldBe(200).Json;
                    var ids = page["users"]!.AsArray().Select(static user => (string)user!["id"]!).ToList();
                    Assert.True(ids.Count <= limit, $"{ids.Count} items on a page of {limit}");
                    pages.AddRange(ids);
                    url = (string?)page["links"]!["next"];
                }

                Assert.Equal(whole, pages);
            }, iter: 40, threads: 1);

        async Task<List<string>> IdsAsync(string url) =>
            [.. (await cloud.GetAsync(url)).ShouldBe(200).Json["users"]!.AsArray().Select(static user => (string)user!["id"]!)];
    }
}
