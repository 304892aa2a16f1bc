using System.Net.Http.Headers;
using System.Text;
using Appliance.Controller.Tests.Identity;

namespace Appliance.Controller.Tests.Images;

/// <summary>Who sees an image, and who may change who does.</summary>
public class SharingTests
{
    private const string Images = "/image/v2/images";

    [Fact]
    public async Task A_shared_image_is_listed_for_a_member_that_accepted_it()
    {
        await using var sites = await Projects.StartAsync();
        var (cloud, owner, member, stranger) = (sites.Cloud, sites.Owner, sites.Member, sites.Stranger);
        var id = await sites.CreateAsync("shared");
        (await cloud.GetAsync($"{Images}/{id}", member.Token)).ShouldBe(404);

        var offered = (await cloud.PostAsync($"{Images}/{id}/members", $$"""{"member": "{{member.Id}}"}""", owner.Token)).ShouldBe(200).Json;
        Assert.Equal("pending", (string?)offered["status"]);
        Assert.Equal(member.Id, (string?)offered["member_id"]);
        (await cloud.PostAsync($"{Images}/{id}/members", $$"""{"member": "{{member.Id}}"}""", owner.Token)).ShouldBe(409);

        // Pending: usable by id, absent from lists unless asked for.
        (await cloud.GetAsync($"{Images}/{id}", member.Token)).ShouldBe(200);
        Assert.False(await sites.ListsAsync(id, "", member));
        Assert.True(await sites.ListsAsync(id, "?member_status=pending", member));
        Assert.True(await sites.ListsAsync(id, "?member_status=all&visibility=shared", member));

        // Only the member decides.
        (await cloud.PutAsync($"{Images}/{id}/members/{member.Id}", """{"status": "accepted"}""", owner.Token)).ShouldBe(403);
        (await cloud.PutAsync($"{Images}/{id}/members/{member.Id}", """{"status": "accepted"}""", stranger.Token)).ShouldBe(404);
        (await cloud.PutAsync($"{Images}/{id}/members/{member.Id}", """{"status": "fine"}""", member.Token)).ShouldBe(400);
        (await cloud.PutAsync($"{Images}/{id}/members/{member.Id}", """{"status": "accepted"}""", member.Token)).ShouldBe(200);
        Assert.True(await sites.ListsAsync(id, "", member));
        Assert.False(await sites.ListsAsync(id, "?member_status=pending", member));

        (await cloud.PutAsync($"{Images}/{id}/members/{member.Id}", """{"status": "rejected"}""", member.Token)).ShouldBe(200);
        Assert.False(await sites.ListsAsync(id, "", member));
        Assert.True(await sites.ListsAsync(id, "?member_status=rejected", member));

        (await cloud.DeleteAsync($"{Images}/{id}/members/{member.Id}", member.Token)).ShouldBe(403);
        (await cloud.DeleteAsync($"{Images}/{id}/members/{member.Id}", owner.Token)).ShouldBe(204);
        (await cloud.GetAsync($"{Images}/{id}", member.Token)).ShouldBe(404);
        (await cloud.DeleteAsync($"{Images}/{id}/members/{member.Id}", owner.Token)).ShouldBe(404);
    }

    [Fact]
    public async Task A_member_sees_itself_only_and_a_stranger_nothing()
    {
        await using var sites = await Projects.StartAsync();
        var (cloud, owner, member, stranger) = (sites.Cloud, sites.Owner, sites.Member, sites.Stranger);
        var id = await sites.CreateAsync("shared");
        foreach (var project in (string[])[member.Id, "another"])
            (await cloud.PostAsync($"{Images}/{id}/members", $$"""{"member": "{{project}}"}""", owner.Token)).ShouldBe(200);

        Assert.Equal(2, (await cloud.GetAsync($"{Images}/{id}/members", owner.Token)).Json["members"]!.AsArray().Count);
        Assert.Equal(member.Id, (string?)Assert.Single((await cloud.GetAsync($"{Images}/{id}/members", member.Token)).Json["members"]!.AsArray())!["member_id"]);
        (await cloud.GetAsync($"{Images}/{id}/members/another", member.Token)).ShouldBe(404);
        (await cloud.GetAsync($"{Images}/{id}/members", stranger.Token)).ShouldBe(404);
        (await cloud.PostAsync($"{Images}/{id}/members", $$"""{"member": "{{stranger.Id}}"}""", member.Token)).ShouldBe(403);
        (await cloud.PostAsync($"{Images}/{id}/members", $$"""{"member": "{{stranger.Id}}"}""", stranger.Token)).ShouldBe(404);
    }

    [Theory]
    [InlineData("""{"member": ""}""", "Member can't be empty")]
    [InlineData("""{}""", "Member to be added not specified")]
    [InlineData("""[]""", "")]
    public async Task A_member_that_is_none_is_refused(string body, string reason)
    {
        await using var sites = await Projects.StartAsync();
        var answer = await sites.Cloud.PostAsync($"{Images}/{await sites.CreateAsync("shared")}/members", body, sites.Owner.Token);
        Assert.Contains(reason, System.Net.WebUtility.HtmlDecode(answer.ShouldBe(400).Text), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_community_image_is_for_everybody_who_knows_it()
    {
        await using var sites = await Projects.StartAsync();
        var id = await sites.CreateAsync("community");
        (await sites.Cloud.GetAsync($"{Images}/{id}", sites.Stranger.Token)).ShouldBe(200);
        Assert.False(await sites.ListsAsync(id, "", sites.Stranger));
        Assert.True(await sites.ListsAsync(id, "?visibility=community", sites.Stranger));
        Assert.True(await sites.ListsAsync(id, "", sites.Owner));
        (await sites.Cloud.PostAsync($"{Images}/{id}/members", """{"member": "x"}""", sites.Owner.Token)).ShouldBe(403);
        (await sites.Cloud.DeleteAsync($"{Images}/{id}", sites.Stranger.Token)).ShouldBe(403);
    }

    [Fact]
    public async Task Only_an_administrator_makes_an_image_public_and_then_everybody_lists_it()
    {
        await using var sites = await Projects.StartAsync();
        var id = await sites.CreateAsync("private");
        (await sites.Cloud.GetAsync($"{Images}/{id}", sites.Stranger.Token)).ShouldBe(404);
        (await sites.ShowToAsync(id, "public", sites.Owner.Token)).ShouldBe(403);
        (await sites.ShowToAsync(id, "public", await sites.Cloud.AdminTokenAsync())).ShouldBe(200);
        Assert.True(await sites.ListsAsync(id, "", sites.Stranger));
        (await sites.ShowToAsync(id, "private", sites.Stranger.Token)).ShouldBe(403);
    }

    private sealed record Project(string Id, string Token);

    /// <summary>A cloud with three projects of one member each.</summary>
    private sealed record Projects(TestCloud Cloud, Project Owner, Project Member, Project Stranger) : IAsyncDisposable
    {
        public static async Task<Projects> StartAsync()
        {
            var cloud = await TestCloud.StartAsync();
            return new Projects(cloud, await AddAsync(cloud, "owner"), await AddAsync(cloud, "member"), await AddAsync(cloud, "stranger"));
        }

        public async Task<string> CreateAsync(string visibility) => (string)(await Cloud.PostAsync(Images,
            $$"""{"name": "i", "visibility": "{{visibility}}"}""", Owner.Token)).ShouldBe(201).Json["id"]!;

        public async Task<bool> ListsAsync(string id, string query, Project project) =>
            (await Cloud.GetAsync(Images + query, project.Token)).ShouldBe(200).Text.Contains(id, StringComparison.Ordinal);

        public async Task<TestAnswer> ShowToAsync(string id, string visibility, string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, $"{Images}/{id}")
            {
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""[{"op": "replace", "path": "/visibility", "value": "{{visibility}}"}]""")),
            };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/openstack-images-v2.1-json-patch");
            request.Headers.Add("X-Auth-Token", token);
            using var response = await Cloud.Http.SendAsync(request);
            return await TestAnswer.ReadAsync(response);
        }

        public ValueTask DisposeAsync() => Cloud.DisposeAsync();

        private static async Task<Project> AddAsync(TestCloud cloud, string name)
        {
            var (project, user) = (await cloud.CreateProjectAsync(name), await cloud.CreateUserAsync(name));
            await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
            return new Project(project, await cloud.TokenOfAsync(user, "secret", IdentityCloud.OnProject(project)));
        }
    }
}
