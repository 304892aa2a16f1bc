using System.Collections.Concurrent;
using Appliance.Controller.Data;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Directories.Ldap;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Settings;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Directories;

/// <summary>How recent what is known of somebody must be.</summary>
internal enum Freshness
{
    /// <summary>Read within <c>[identity] cache_time</c>.</summary>
    Cached,

    /// <summary>Read now.</summary>
    Live,
}

/// <summary>
/// Where the people of a domain come from: this site's own rows, or a directory. For the latter, <c>Ensure…</c> brings the mirrored rows up
/// to date before they are read, outside of any transaction, and does nothing for everybody else; so what reads rows need not know. The
/// directory failing throws <see cref="LdapException"/>, and only for its own people. Source: keystone/identity/core.py, Manager, DomainConfigs.
/// </summary>
internal sealed class DomainDirectories(IdentityDatabase database, DomainDrivers drivers, IdentityDriverSettings settings, TimeProvider clock)
{
    // Some 200 bytes each. Beyond it everybody is read anew.
    private const int MaxSeen = 16_384;

    private ConcurrentDictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    // The groups of who only gave its name are not read yet: they count once a password has proven it to be its own.
    private static readonly TimeSpan LoginTime = TimeSpan.FromSeconds(10);

    /// <param name="Until">Null: the groups are not read.</param>
    private sealed record Seen(string DomainId, DirectoryUser User, DateTimeOffset Since, DateTimeOffset? Until);

    /// <summary><c>domain_specific_drivers_enabled</c></summary>
    public bool IsOn => settings.DomainSpecificDriversEnabled;

    /// <summary>The directory of a domain; null: its users are rows.</summary>
    public Task<DomainDirectory?> FindAsync(string domainId, CancellationToken ct) =>
        IsOn ? drivers.FindAsync(domainId, ct) : Task.FromResult<DomainDirectory?>(null);

    /// <summary>Until when what is known of the user counts without asking again.</summary>
    public DateTimeOffset FreshUntil(string userId)
    {
        if (!IsOn || !DirectoryMirror.IsPublicId(userId))
            return DateTimeOffset.MaxValue;
        return _seen.TryGetValue(userId, out var seen) && seen.Until is { } until ? until : DateTimeOffset.MinValue;
    }

    /// <summary>Whether <see cref="EnsureUserAsync"/> would do nothing.</summary>
    public bool IsFresh(string userId) => FreshUntil(userId) is var until && (until == DateTimeOffset.MaxValue || clock.GetUtcNow() < until);

    /// <summary>The user's row and its groups' are as the directory has them, or gone.</summary>
    public async Task EnsureUserAsync(string userId, Freshness freshness, CancellationToken ct)
    {
        if (!IsOn || !DirectoryMirror.IsPublicId(userId) || (freshness == Freshness.Cached && IsFresh(userId)))
            return;
        if (await FindIdAsync(userId, "user", ct) is not { } id)
            return;
        var now = clock.GetUtcNow();
        if (await FindAsync(id.DomainId, ct) is not { } directory)
            await ForgetAsync(id, ct);
        else if (freshness == Freshness.Cached && _seen.TryGetValue(userId, out var named) && named.Until is null && now - named.Since < LoginTime)
            await SaveAsync(directory, named.User, named.Since, ct);
        else if (await directory.Ldap.FindUserAsync(id.LocalId, ct) is { } user)
            await SaveAsync(directory, user, now, ct);
        else
            await ForgetAsync(id, ct);
    }

    /// <summary>The group's row is as the directory has it, or gone.</summary>
    public async Task EnsureGroupAsync(string groupId, CancellationToken ct)
    {
        if (IsOn && DirectoryMirror.IsPublicId(groupId) && await FindIdAsync(groupId, "group", ct) is { } id)
            await ReadGroupAsync(id, ct);
    }

    /// <summary>The group's row, its members' rows and the memberships are as the directory has them.</summary>
    public async Task EnsureMembersAsync(string groupId, CancellationToken ct)
    {
        if (!IsOn || !DirectoryMirror.IsPublicId(groupId) || await FindIdAsync(groupId, "group", ct) is not { } id)
            return;
        if (await ReadGroupAsync(id, ct) is not var (directory, group))
            return;
        var members = await directory.Ldap.ListMembersAsync(group, ct);
        var users = directory.Name(members);
        var ids = users.Select(static user => user.Id).ToHashSet(StringComparer.Ordinal);
        await SaveUsersAsync(directory, members, ct);
        var known = await database.ReadAsync((tx, token) => DirectoryMirror.ListMemberIdsAsync(tx, groupId, token), ct);
        if (!ids.SetEquals(known))
            await database.WriteAsync((tx, token) => DirectoryMirror.SetMembersAsync(tx, groupId, ids, token), ct);
    }

    /// <summary>A user or group, as roles are given to them.</summary>
    public Task EnsureActorAsync(string kind, string id, CancellationToken ct) =>
        kind == "group" ? EnsureGroupAsync(id, ct) : EnsureUserAsync(id, Freshness.Cached, ct);

    /// <summary>
    /// Whom a login means: by id where a directory knows the name. Read live: who was disabled or renamed in the directory is so here. The
    /// groups are read later, so that a name that exists costs no more than one that does not.
    /// </summary>
    /// <returns>Null: the domain's directory knows no such name.</returns>
    public async Task<NameInDomain?> ResolveAsync(NameInDomain asked, string? domainId, CancellationToken ct)
    {
        if (asked.Name is null || domainId is null || await FindAsync(domainId, ct) is not { } directory)
            return asked;
        var since = clock.GetUtcNow();
        if (await directory.Ldap.FindUserByNameAsync(asked.Name, ct) is not { } user)
            return null;
        await SaveUsersAsync(directory, [user], ct);
        Remember(directory.UserId(user), new Seen(domainId, user, since, null));
        return new NameInDomain(directory.UserId(user), null, null, null);
    }

    /// <summary>Whether the password is the user's by the directory's word.</summary>
    /// <param name="userId">Just ensured; null: nobody, which takes as long as somebody.</param>
    public async Task<bool> ProveAsync(DomainDirectory directory, string? userId, string password, CancellationToken ct) =>
        await directory.Ldap.ProveAsync(userId is not null && _seen.TryGetValue(userId, out var seen) ? seen.User.Dn : null, password, ct);

    /// <summary>Users of the directory that the filters name, ordered by id; each has its row then.</summary>
    /// <param name="limit">0: all.</param>
    public async Task<List<User>> ListUsersAsync(DomainDirectory directory, IReadOnlyList<NameFilter> names, int limit, CancellationToken ct)
    {
        var found = await directory.Ldap.ListUsersAsync(names, limit, ct);
        await SaveUsersAsync(directory, found, ct);
        return [.. directory.Name(found).OrderBy(static user => user.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc cref="ListUsersAsync"/>
    public async Task<List<Group>> ListGroupsAsync(DomainDirectory directory, IReadOnlyList<NameFilter> names, int limit, CancellationToken ct)
    {
        var found = await directory.Ldap.ListGroupsAsync(names, limit, ct);
        await SaveGroupsAsync(directory, found, ct);
        return [.. directory.Name(found).OrderBy(static group => group.Id, StringComparer.Ordinal)];
    }

    /// <summary>The domain's options changed: what was known by the old ones does not count.</summary>
    public void Forget(string domainId)
    {
        drivers.Forget(domainId);
        foreach (var (id, seen) in _seen)
        {
            if (seen.DomainId == domainId)
                _seen.TryRemove(id, out _);
        }
    }

    private async Task<DirectoryId?> FindIdAsync(string publicId, string kind, CancellationToken ct)
    {
        var id = await database.Cache.FindAsync(
            new CacheKey("directory-id", publicId), (tx, token) => DirectoryMirror.FindIdAsync(tx, publicId, token), ct);
        return id?.Kind == kind ? id : null;
    }

    private async Task<(DomainDirectory Directory, DirectoryGroup Group)?> ReadGroupAsync(DirectoryId id, CancellationToken ct)
    {
        if (await FindAsync(id.DomainId, ct) is not { } directory || await directory.Ldap.FindGroupAsync(id.LocalId, ct) is not { } group)
        {
            await ForgetAsync(id, ct);
            return null;
        }

        await SaveGroupsAsync(directory, [group], ct);
        return (directory, group);
    }

    private async Task SaveAsync(DomainDirectory directory, DirectoryUser user, DateTimeOffset since, CancellationToken ct)
    {
        var groups = await directory.Ldap.ListGroupsOfAsync(user, ct);
        var userId = directory.UserId(user);
        await SaveGroupsAsync(directory, groups, ct);
        await SaveUsersAsync(directory, [user], ct);
        var ids = directory.Name(groups).Select(static group => group.Id).ToHashSet(StringComparer.Ordinal);
        var known = await database.ReadAsync((tx, token) => DirectoryMirror.ListGroupIdsAsync(tx, userId, token), ct);
        if (!ids.SetEquals(known))
            await database.WriteAsync((tx, token) => DirectoryMirror.SetGroupsAsync(tx, userId, ids, token), ct);
        Remember(userId, new Seen(directory.DomainId, user, since, since + settings.CacheTime));
    }

    private void Remember(string userId, Seen seen)
    {
        if (_seen.Count >= MaxSeen)
            _seen = new(StringComparer.Ordinal);
        _seen[userId] = seen;
    }

    private async Task SaveUsersAsync(DomainDirectory directory, IReadOnlyList<DirectoryUser> found, CancellationToken ct)
    {
        var users = directory.Name(found);
        var localIds = found.ToDictionary(directory.UserId, static user => user.LocalId, StringComparer.Ordinal);
        if (await database.ReadAsync((tx, token) => DirectoryMirror.ListChangedAsync(tx, users, token), ct) is { Count: > 0 } changed)
            await database.WriteAsync(async (tx, token) =>
            {
                foreach (var user in changed)
                    await DirectoryMirror.SaveAsync(tx, user, localIds[user.Id], clock.GetUtcNow(), token);
            }, ct);
    }

    private async Task SaveGroupsAsync(DomainDirectory directory, IReadOnlyList<DirectoryGroup> found, CancellationToken ct)
    {
        var groups = directory.Name(found);
        var localIds = found.ToDictionary(directory.GroupId, static group => group.LocalId, StringComparer.Ordinal);
        if (await database.ReadAsync((tx, token) => DirectoryMirror.ListChangedAsync(tx, groups, token), ct) is { Count: > 0 } changed)
            await database.WriteAsync(async (tx, token) =>
            {
                foreach (var group in changed)
                    await DirectoryMirror.SaveAsync(tx, group, localIds[group.Id], token);
            }, ct);
    }

    // Only a row that is there costs a write.
    private async Task ForgetAsync(DirectoryId id, CancellationToken ct)
    {
        _seen.TryRemove(id.PublicId, out _);
        var isThere = await database.ReadAsync(async (tx, token) => id.Kind == "user"
            ? await UserJson.Users.FindAsync(tx, id.PublicId, token) is not null
            : await GroupJson.Groups.FindAsync(tx, id.PublicId, token) is not null, ct);
        if (isThere)
            await database.WriteAsync((tx, token) => DirectoryMirror.RemoveAsync(tx, id.Kind, id.PublicId, token), ct);
    }
}
