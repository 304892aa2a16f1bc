using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.OAuth1;

/// <summary><c>/v3/OS-OAUTH1/consumers</c>. Source: keystone/api/os_oauth1.py.</summary>
internal sealed class ConsumerRoutes(IdentityContext context, OAuthStore store)
{
    public void Map(ApiRoutes v3)
    {
        var consumers = v3.Group("/OS-OAUTH1/consumers");
        consumers.Read("", "identity:list_consumers", ListAsync);
        consumers.Post("", CreateAsync).Allow("identity:create_consumer");
        consumers.Read("/{consumer_id}", "identity:get_consumer", ShowAsync);
        consumers.Patch("/{consumer_id}", UpdateAsync).Allow("identity:update_consumer");
        consumers.Delete("/{consumer_id}", DeleteAsync).Allow("identity:delete_consumer");
    }

    public static readonly Fault NotFound = new(FaultKind.NotFound, "Consumer not found");

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) => CollectionQuery.Read(request.Query).Failed(out var invalid, out var query)
        ? invalid
        : await store.Consumers.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("consumer_id");
        return await context.Database.ReadAsync((tx, token) => store.Consumers.FindAsync(tx, id, token), ct) is { } consumer
            ? store.Consumers.Show(context, request, StatusCodes.Status200OK, consumer)
            : NotFound;
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "consumer", OAuthStore.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        var consumer = Apply(new Consumer(Ids.New(), null, OAuthSecrets.New(), Extra.None), body);
        await context.Database.WriteAsync(async (tx, token) =>
        {
            await store.InsertAsync(tx, consumer, token);
            await context.Database.LogAsync(tx, request.Actor, "consumer", consumer.Id, "create", token);
        }, ct);
        return store.Consumers.Show(
            context, request, StatusCodes.Status201Created, consumer, writer => writer.WriteString("secret", consumer.Secret));
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("consumer_id");
        if ((await IdentityBody.ReadMemberAsync(request, "consumer", OAuthStore.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, id) is { } changed)
            return changed;
        return (await context.Database.TryWriteAsync<Consumer>(async (tx, token) =>
        {
            if (await store.Consumers.FindAsync(tx, id, token) is not { } consumer)
                return NotFound;
            var updated = Apply(consumer, body);
            await OAuthStore.UpdateAsync(tx, updated, token);
            await context.Database.LogAsync(tx, request.Actor, "consumer", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : store.Consumers.Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("consumer_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await store.Consumers.FindAsync(tx, id, token) is null)
                return NotFound;
            await OAuthStore.DeleteConsumerAsync(tx, id, token);
            await context.Database.LogAsync(tx, request.Actor, "consumer", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static Consumer Apply(Consumer consumer, JsonElement body) => consumer with
    {
        Description = body.Text("description", consumer.Description),
        Extra = Extra.Merge(consumer.Extra, body, OAuthStore.Known),
    };
}
