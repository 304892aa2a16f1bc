using System.Text.Encodings.Web;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Domains.Configs;

/// <summary><c>/v3/domains/{id}/config</c> and <c>/v3/domains/config/…/default</c>. Source: keystone/api/domains.py.</summary>
internal sealed class DomainConfigRoutes(IdentityContext context, DomainConfigStore store)
{
    private static readonly string[] OfPasswords = ["password_regex", "password_regex_description"];

    public void Map(ApiRoutes v3)
    {
        v3.Read("/domains/config/default", "identity:get_domain_config_default", ShowDefaultAsync);
        v3.Read("/domains/config/{group}/default", "identity:get_domain_config_default", ShowDefaultAsync);
        v3.Read("/domains/config/{group}/{option}/default", "identity:get_domain_config_default", ShowDefaultAsync);
        var config = v3.Group("/domains/{domain_id}/config");
        config.Put("", CreateAsync).Allow("identity:create_domain_config");
        foreach (var path in new[] { "", "/{group}", "/{group}/{option}" })
        {
            config.ReadAsking(path, "identity:get_domain_config", ShowAsync);
            config.Patch(path, UpdateAsync).Allow("identity:update_domain_config");
            config.Delete(path, DeleteAsync).Allow("identity:delete_domain_config");
        }
    }

    private Task<ApiResult> ShowDefaultAsync(ApiRequest request, CancellationToken ct)
    {
        var (group, option) = NamesOf(request);
        return Task.FromResult((DomainConfigRules.CheckNames(group, option), group, option) switch
        {
            ({ } unknown, _, _) => unknown,
            (_, null, _) => Answer(StatusCodes.Status200OK, DomainOptions.Groups.SelectMany(DomainOptions.Defaults), null),
            (_, _, null) => Answer(StatusCodes.Status200OK, DomainOptions.Defaults(group), null),
            _ => DomainOptions.FindDefault(group, option) is { } value
                ? Answer(StatusCodes.Status200OK, [new DomainOption(group, option, value)], option)
                : DomainConfigRules.Invalid($"Reading the default for option {option} in group {group} is not supported"),
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var (group, option) = NamesOf(request);
        var isOfPasswords = group == "security_compliance";
        var rule = isOfPasswords ? "identity:get_security_compliance_domain_config" : "identity:get_domain_config";
        if (context.Check(request, rule) is { } refused)
            return refused;
        var id = request.Path("domain_id");
        if (await context.Database.ReadAsync((tx, token) => CheckDomainAsync(tx, id, token), ct) is { } missing)
            return missing;
        if (isOfPasswords)
            return ShowPasswordRules(id, option);
        if (DomainConfigRules.CheckNames(group, option) is { } unknown)
            return unknown;
        var options = await context.Database.ReadAsync((tx, token) => ListShownAsync(tx, id, group, option, token), ct);
        return options.Count == 0 ? DomainConfigRules.NotFound(id, group, option) : Answer(StatusCodes.Status200OK, options, option);
    }

    // What a password must be like, for everybody who has to choose one.
    private ApiResult ShowPasswordRules(string domainId, string? option)
    {
        if (domainId != Bootstrap.DefaultDomainId)
            return DomainConfigRules.Invalid(
                "Reading security compliance information for any domain other than the default domain is not allowed or supported.");
        if (option is not null && !OfPasswords.Contains(option))
            return DomainConfigRules.Invalid(
                "Reading security compliance values other than password_regex and password_regex_description is not allowed.");
        var settings = context.Options.Identity.SecurityCompliance;
        DomainOption[] options =
        [
            new("security_compliance", OfPasswords[0], Quote(settings.PasswordRegexText)),
            new("security_compliance", OfPasswords[1], Quote(settings.PasswordRegexDescription)),
        ];
        return Answer(StatusCodes.Status200OK, options.Where(one => option is null || one.Name == option), option);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("domain_id");
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        var wasThere = false;
        return (await context.Database.TryWriteAsync<List<DomainOption>>(async (tx, token) =>
        {
            if (await CheckDomainAsync(tx, id, token) is { } missing)
                return missing;
            if (DomainConfigRules.Read(body.Member("config") ?? default).Failed(out var invalid, out var options))
                return invalid;
            wasThere = (await store.ListAsync(tx, id, null, null, token)).Count > 0;
            await DomainConfigStore.DeleteAsync(tx, id, null, null, token);
            await store.SetAsync(tx, id, options, token);
            await context.Database.LogAsync(tx, request.Actor, "domain", id, "create_config", token);
            tx.AfterCommit(() => context.Directories.Forget(id));
            return await ListShownAsync(tx, id, null, null, token);
        }, ct)).Failed(out var fault, out var shown)
            ? fault
            : Answer(wasThere ? StatusCodes.Status200OK : StatusCodes.Status201Created, shown, null);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, (group, option)) = (request.Path("domain_id"), NamesOf(request));
        if ((await IdentityBody.ReadAsync(request, ct)).Failed(out var unreadable, out var body))
            return unreadable;
        return (await context.Database.TryWriteAsync<List<DomainOption>>(async (tx, token) =>
        {
            if (await CheckDomainAsync(tx, id, token) is { } missing)
                return missing;
            var config = body.Member("config") ?? default;
            if ((option is null ? DomainConfigRules.Read(config) : ReadOptions(group!, config)).Failed(out var invalid, out var options))
                return invalid;
            if ((DomainConfigRules.CheckNames(group, option) ?? DomainConfigRules.CheckUpdate(options, group, option)) is { } unfit)
                return unfit;
            if (group is not null && (await store.ListAsync(tx, id, group, option, token)).Count == 0)
                return DomainConfigRules.NotFound(id, group, option);
            await store.SetAsync(tx, id, options, token);
            await context.Database.LogAsync(tx, request.Actor, "domain", id, "update_config", token);
            tx.AfterCommit(() => context.Directories.Forget(id));
            return await ListShownAsync(tx, id, null, null, token);
        }, ct)).Failed(out var fault, out var shown) ? fault : Answer(StatusCodes.Status200OK, shown, null);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, (group, option)) = (request.Path("domain_id"), NamesOf(request));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if ((await CheckDomainAsync(tx, id, token) ?? DomainConfigRules.CheckNames(group, option)) is { } refused)
                return refused;
            if (group is not null && (await store.ListAsync(tx, id, group, option, token)).Count == 0)
                return DomainConfigRules.NotFound(id, group, option);
            await DomainConfigStore.DeleteAsync(tx, id, group, option, token);
            await context.Database.LogAsync(tx, request.Actor, "domain", id, "delete_config", token);
            tx.AfterCommit(() => context.Directories.Forget(id));
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static string Quote(string? text) =>
        text is null ? "null" : $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    // Below an option's path the body holds options without their group.
    private static Outcome<IReadOnlyList<DomainOption>> ReadOptions(string group, JsonElement config)
    {
        if (config.ValueKind != JsonValueKind.Object || !config.EnumerateObject().Any())
            return DomainConfigRules.Invalid($"The value of group {group} specified in the config should be a dictionary of options");
        var options = new List<DomainOption>();
        foreach (var option in config.EnumerateObject())
        {
            if (DomainConfigRules.CheckNames(group, option.Name) is { } unknown)
                return unknown;
            options.Add(new DomainOption(group, option.Name, option.Value.GetRawText()));
        }

        return options;
    }

    private static (string? Group, string? Option) NamesOf(ApiRequest request) =>
        (request.Path("group") is { Length: > 0 } group ? group : null, request.Path("option") is { Length: > 0 } option ? option : null);

    private async Task<List<DomainOption>> ListShownAsync(Session tx, string id, string? group, string? option, CancellationToken ct) =>
        (await store.ListAsync(tx, id, group, option, ct)).FindAll(static one => !DomainOptions.IsSensitive(one.Group, one.Name));

    private static async Task<Fault?> CheckDomainAsync(Session tx, string id, CancellationToken ct) =>
        await ProjectJson.Domains.FindAsync(tx, id, ct) is { IsDomain: true } ? null : IdentityFaults.NotFound("domain", id);

    // One option stands alone; several stand in their groups.
    private static ApiResult Answer(int status, IEnumerable<DomainOption> options, string? only) => ApiResult.Json(status, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("config");
        foreach (var group in options.GroupBy(static option => option.Group))
        {
            if (only is null)
                writer.WriteStartObject(group.Key);
            foreach (var option in group)
            {
                writer.WritePropertyName(option.Name);
                writer.WriteRawValue(option.Value, skipInputValidation: true);
            }

            if (only is null)
                writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    });
}
