using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Directories;

/// <summary>Lists of users and groups where domains have drivers. Source: keystone/identity/core.py, list_users; keystone/server/flask/common.py.</summary>
internal static class DirectoryLists
{
    private static readonly string[] False = ["0", "false", "f", "no", "n", "off"];

    /// <summary>The domain to list: one driver answers at a time. Empty: domains have no drivers of their own, and any may be listed together.</summary>
    public static Outcome<string> FindDomain(IdentityContext context, ApiRequest request)
    {
        if (!context.Directories.IsOn)
            return "";
        if ((request.QueryValue("domain_id") is { Length: > 0 } asked ? asked : request.Caller.DomainId ?? request.Caller.ProjectDomainId) is { } domainId)
            return domainId;
        return IdentityFaults.Unauthorized("No domain information specified as part of list request");
    }

    /// <param name="listed">By <see cref="FindDomain"/>.</param>
    /// <param name="ofCaller">The domain of a domain's token, which sees no other; null: the caller sees all.</param>
    /// <returns>Null: the list is of rows.</returns>
    public static async Task<DomainDirectory?> FindAsync(IdentityContext context, string listed, string? ofCaller, CancellationToken ct) =>
        listed.Length > 0 && (ofCaller is null || ofCaller == listed) ? await context.Directories.FindAsync(listed, ct) : null;

    /// <summary>Narrows a list to the domain's own rows, what mirrors a directory is listed by the directory; and to the site's limit.</summary>
    public static CollectionQuery OwnRows(IdentityContext context, CollectionQuery query, string alias, string listed)
    {
        query.AtMost(context.Options.Identity.Drivers.ListLimit).And($"{alias}.mirrored = ''");
        return listed.Length == 0 ? query : query.And($"{alias}.domain_id = @listed", ("listed", listed));
    }

    public static async Task<ApiResult> UsersAsync(
        IdentityContext context, ApiRequest request, CollectionQuery query, DomainDirectory directory, CancellationToken ct)
    {
        var names = NameFilter.ReadAll(request.Query);
        var enabled = request.QueryValue("enabled");
        var users = await context.Directories.ListUsersAsync(directory, names, MostOf(directory, names, enabled is not null), ct);
        if (enabled is not null)
            users = users.FindAll(user => user.Enabled != False.Contains(enabled.ToLowerInvariant()));
        return UserJson.Users.List(context, request, query, users, directory.ListLimit);
    }

    public static async Task<ApiResult> GroupsAsync(
        IdentityContext context, ApiRequest request, CollectionQuery query, DomainDirectory directory, CancellationToken ct)
    {
        var names = NameFilter.ReadAll(request.Query);
        var groups = await context.Directories.ListGroupsAsync(directory, names, MostOf(directory, names, false), ct);
        return GroupJson.Groups.List(context, request, query, groups, directory.ListLimit);
    }

    // One more than is shown says that there are more. What is filtered here must be read whole.
    private static int MostOf(DomainDirectory directory, IReadOnlyList<NameFilter> names, bool isFiltered) =>
        directory.ListLimit is { } limit && !isFiltered && names.All(static name => !name.HeedsCase) ? limit + 1 : 0;
}
