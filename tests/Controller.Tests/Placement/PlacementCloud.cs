namespace Appliance.Controller.Tests.Placement;

/// <summary>Requests to Placement, and providers made through its API.</summary>
internal static class PlacementCloud
{
    public const string Latest = "1.39";
    private const string Providers = "/placement/resource_providers";

    /// <summary>Sends a request below <c>/placement</c> as the administrator, in a version.</summary>
    public static Task<TestAnswer> PlacementAsync(this TestCloud cloud, HttpMethod method, string path, string? json = null, string version = Latest) =>
        cloud.SendAsync(method, "/placement" + path, json, null, ("OpenStack-API-Version", $"placement {version}"));

    public static Task<TestAnswer> PlacementAsync(this TestCloud cloud, string path, string version = Latest) =>
        cloud.PlacementAsync(HttpMethod.Get, path, null, version);

    /// <summary>Makes a provider with all it should have; answers its id.</summary>
    /// <param name="inventories">Totals: <c>VCPU:4,MEMORY_MB:1024</c>; none when empty.</param>
    public static async Task<string> MakeProviderAsync(
        this TestCloud cloud, string name, string inventories = "", string? parent = null, string[]? traits = null, string? aggregate = null)
    {
        var parentMember = parent is null ? "" : $", \"parent_provider_uuid\": \"{parent}\"";
        var made = await cloud.PlacementAsync(HttpMethod.Post, "/resource_providers", $$"""{"name": "{{name}}"{{parentMember}}}""");
        var id = (string)made.ShouldBe(200).Json["uuid"]!;
        foreach (var pair in inventories.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static text => text.Split(':')))
        {
            (await cloud.PlacementAsync(HttpMethod.Post, $"/resource_providers/{id}/inventories",
                $$"""{"resource_class": "{{pair[0]}}", "total": {{pair[1]}}}""")).ShouldBe(201);
        }

        if (traits is not null)
            (await cloud.PlacementAsync(HttpMethod.Put, $"/resource_providers/{id}/traits", $$"""
                {"traits": ["{{string.Join("\", \"", traits)}}"], "resource_provider_generation": {{await cloud.GenerationAsync(id)}}}
                """)).ShouldBe(200);
        if (aggregate is not null)
            (await cloud.PlacementAsync(HttpMethod.Put, $"/resource_providers/{id}/aggregates", $$"""
                {"aggregates": ["{{aggregate}}"], "resource_provider_generation": {{await cloud.GenerationAsync(id)}}}
                """)).ShouldBe(200);
        return id;
    }

    public static async Task<long> GenerationAsync(this TestCloud cloud, string provider) =>
        (long)(await cloud.GetAsync($"{Providers}/{provider}")).ShouldBe(200).Json["generation"]!;

    /// <summary>Gives a consumer amounts of a provider: <c>VCPU:4,MEMORY_MB:1024</c>.</summary>
    /// <param name="generation">The consumer's; null: it is new.</param>
    public static Task<TestAnswer> AllocateAsync(
        this TestCloud cloud, string consumer, string provider, string amounts, long? generation = null, string type = "INSTANCE", string project = "p") =>
        cloud.PlacementAsync(HttpMethod.Put, $"/allocations/{consumer}", $$"""
            {"allocations": {"{{provider}}": {"resources": {{Resources(amounts)}}} }, "project_id": "{{project}}", "user_id": "u",
             "consumer_generation": {{(generation is { } value ? value : "null")}}, "consumer_type": "{{type}}"}
            """);

    public static string Resources(string amounts) =>
        "{" + string.Join(", ", amounts.Split(',').Select(static text => text.Split(':')).Select(static pair => $"\"{pair[0]}\": {pair[1]}")) + "}";

    /// <summary>Candidates as texts that can be compared: of each provider, by the names given, what it would give.</summary>
    public static async Task<string[]> CandidatesAsync(this TestCloud cloud, string query, IReadOnlyDictionary<string, string> names, string version = Latest)
    {
        var answer = (await cloud.PlacementAsync("/allocation_candidates?" + query, version)).ShouldBe(200).Json;
        return [.. answer["allocation_requests"]!.AsArray().Select(candidate => string.Join(" ", candidate!["allocations"]!.AsObject()
            .Select(provider => $"{names[provider.Key]}:{string.Join("+", provider.Value!["resources"]!.AsObject()
                .Select(static amount => $"{amount.Key}={amount.Value}").Order(StringComparer.Ordinal))}")
            .Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)];
    }

    /// <summary>An error with its code and, somewhere in its detail, these words.</summary>
    public static void ShouldBeError(this TestAnswer answer, int status, string containing, string code = "placement.undefined_code")
    {
        var error = answer.ShouldBe(status).Json["errors"]![0]!;
        Assert.Contains(containing, (string)error["detail"]!, StringComparison.Ordinal);
        Assert.Equal(code, (string?)error["code"]);
        Assert.Equal(status, (int)error["status"]!);
    }
}
