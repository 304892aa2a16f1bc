using Appliance.Controller.Identity.Directories.Ldap;

namespace Appliance.Controller.Identity.Directories;

/// <summary>
/// The users and groups of one directory. It is only ever read. Every method throws <see cref="LdapException"/> when the directory does not
/// answer as it should. Source: keystone/identity/backends/ldap/core.py.
/// </summary>
internal sealed class LdapDirectory : IDisposable
{
    // Members that are looked up in one search: some kilobytes of filter.
    private const int MembersAtOnce = 100;

    private readonly DirectoryOptions _options;
    private readonly LdapPool _searches;
    private readonly LdapPool _proofs;

    public LdapDirectory(DirectoryOptions options, TimeProvider clock)
    {
        _options = options;
        _searches = new LdapPool(options.Searches, BindAsync, clock);
        _proofs = new LdapPool(options.Proofs, static (_, _) => Task.CompletedTask, clock);
    }

    public async Task<DirectoryUser?> FindUserAsync(string localId, CancellationToken ct) =>
        (await SearchUsersAsync([IdIs(_options.User, localId)], 1, ct)).FirstOrDefault();

    public async Task<DirectoryUser?> FindUserByNameAsync(string name, CancellationToken ct) =>
        (await SearchUsersAsync([LdapFilter.Equal(_options.User.NameAttribute, name), LdapFilter.Present(_options.User.IdAttribute)], 1, ct)).FirstOrDefault();

    /// <param name="limit">0: all.</param>
    public async Task<List<DirectoryUser>> ListUsersAsync(IReadOnlyList<NameFilter> names, int limit, CancellationToken ct) =>
        (await SearchUsersAsync(Narrow(_options.User, names), limit, ct)).FindAll(user => names.All(name => name.Fits(user.Name)));

    public async Task<DirectoryGroup?> FindGroupAsync(string localId, CancellationToken ct) =>
        (await SearchGroupsAsync([IdIs(_options.Group, localId)], 1, ct)).FirstOrDefault();

    public async Task<List<DirectoryGroup>> ListGroupsAsync(IReadOnlyList<NameFilter> names, int limit, CancellationToken ct) =>
        (await SearchGroupsAsync(Narrow(_options.Group, names), limit, ct)).FindAll(group => names.All(name => name.Fits(group.Name)));

    public Task<List<DirectoryGroup>> ListGroupsOfAsync(DirectoryUser user, CancellationToken ct)
    {
        var member = _options.Member.AreIds ? user.LocalId : user.Dn;
        var isMember = _options.Member.IsNested ? LdapFilter.InChain("member", member) : LdapFilter.Equal(_options.Member.Attribute, member);
        return SearchGroupsAsync([isMember, LdapFilter.Present(_options.Group.IdAttribute)], 0, ct);
    }

    /// <summary>Members that are not users of this directory are passed over.</summary>
    public async Task<List<DirectoryUser>> ListMembersAsync(DirectoryGroup group, CancellationToken ct)
    {
        if (_options.Member.IsNested)
            return await SearchUsersAsync([LdapFilter.InChain("memberOf", group.Dn)], 0, ct);
        var members = await ListMemberIdsAsync(group, ct);
        var users = new List<DirectoryUser>();
        foreach (var some in members.Ids.Distinct(StringComparer.Ordinal).Chunk(MembersAtOnce))
            users.AddRange(await SearchUsersAsync([LdapFilter.Or(some.Select(id => IdIs(_options.User, id)))], 0, ct));
        // A user that only shares its id with a member, a group in the group say, is none.
        return members.Names is { } names ? users.FindAll(user => names.Contains(DistinguishedName.Normalize(user.Dn))) : users;
    }

    /// <summary>
    /// Whether the directory takes the password for the user's, by a bind. An empty password is never sent: servers take a name without one
    /// for nobody and say yes. Every proof is a new bind, whatever was proven over the connection before.
    /// </summary>
    /// <param name="dn">Null: there is no such user, and saying so takes as long as for one there is.</param>
    public async Task<bool> ProveAsync(string? dn, string password, CancellationToken ct)
    {
        if (password.Length == 0)
            return false;
        var nobody = $"cn={Guid.NewGuid():N},{_options.User.TreeDn}";
        var result = await _proofs.UseAsync((connection, token) => connection.BindAsync(string.IsNullOrEmpty(dn) ? nobody : dn, password, token), ct);
        if (result.Code is LdapResultCode.Busy or LdapResultCode.Unavailable)
            throw new LdapException($"the directory cannot check a password now: {(int)result.Code} {result.Text}");
        return result.Code == LdapResultCode.Success && !string.IsNullOrEmpty(dn);
    }

    /// <summary>Closes connections that nobody needs any more.</summary>
    public void CloseOld()
    {
        _searches.CloseOld();
        _proofs.CloseOld();
    }

    public void Dispose()
    {
        _searches.Dispose();
        _proofs.Dispose();
    }

    private async Task BindAsync(LdapConnection connection, CancellationToken ct)
    {
        if (await connection.BindAsync(_options.BindDn, _options.BindPassword, ct) is { Code: not LdapResultCode.Success } refused)
            throw new LdapException($"the directory refuses the bind as '{_options.BindDn}': {(int)refused.Code} {refused.Text}")
            {
                Public = "Unable to authenticate against Identity backend - Invalid username or password",
            };
    }

    private async Task<List<DirectoryUser>> SearchUsersAsync(IEnumerable<LdapFilter> filters, int limit, CancellationToken ct)
    {
        var entries = await SearchAsync(_options.User, filters, limit, ct);
        if (!_options.Enabled.IsEmulated || entries.Count == 0)
            return [.. entries.Select(entry => DirectoryEntries.ToUser(entry, _options.User, _options.Enabled, null)).OfType<DirectoryUser>()];
        var enabled = await ListEnabledAsync(ct);
        return [.. entries.Select(entry => DirectoryEntries.ToUser(entry, _options.User, _options.Enabled, false)).OfType<DirectoryUser>()
            .Select(user => user with { IsEnabled = enabled.Contains(MemberKey(_options.Enabled.GroupMembersAreIds ? user.LocalId : user.Dn)) })];
    }

    private async Task<List<DirectoryGroup>> SearchGroupsAsync(IEnumerable<LdapFilter> filters, int limit, CancellationToken ct) =>
        [.. (await SearchAsync(_options.Group, filters, limit, ct)).Select(entry => DirectoryEntries.ToGroup(entry, _options.Group)).OfType<DirectoryGroup>()];

    private Task<List<LdapEntry>> SearchAsync(EntryOptions kind, IEnumerable<LdapFilter> filters, int limit, CancellationToken ct) =>
        SearchAsync(new LdapSearch(
            kind.TreeDn, _options.Scope, LdapFilter.And([.. filters, .. kind.Filter, LdapFilter.Equal("objectClass", kind.ObjectClass)]), kind.Attributes,
            limit, limit == 1 ? 0 : _options.PageSize, _options.Dereference), ct);

    private Task<List<LdapEntry>> SearchAsync(LdapSearch search, CancellationToken ct) =>
        _searches.UseAsync((connection, token) => connection.SearchAsync(search, _options.Searches.Timeout, token), ct);

    // Names: of the entries, where the group names its members so.
    private async Task<(IReadOnlyList<string> Ids, HashSet<string>? Names)> ListMemberIdsAsync(DirectoryGroup group, CancellationToken ct)
    {
        var attribute = _options.Member.Attribute;
        var entries = await SearchAsync(new LdapSearch(
            group.Dn, LdapScope.Base, LdapFilter.Equal("objectClass", _options.Group.ObjectClass), [attribute]), ct);
        var members = entries.SelectMany(entry => entry.Texts(attribute)).ToArray();
        if (_options.Member.AreIds)
            return (members, null);
        var ids = new List<string>();
        foreach (var member in members)
        {
            if (await FindIdAsync(member, ct) is { } id)
                ids.Add(id);
        }

        return (ids, [.. members.Select(DistinguishedName.Normalize)]);
    }

    // An entry's name holds its id where both are the same attribute; else the entry is asked.
    private async Task<string?> FindIdAsync(string dn, CancellationToken ct)
    {
        var id = _options.User.IdAttribute;
        if (DistinguishedName.First(dn) is not [var part, ..])
            return null;
        if (part.Type.Equals(id, StringComparison.OrdinalIgnoreCase))
            return part.Value;
        var entries = await SearchAsync(new LdapSearch(dn, LdapScope.Base, LdapFilter.Present("objectClass"), [id]), ct);
        return entries.FirstOrDefault()?.Text(id);
    }

    private async Task<HashSet<string>> ListEnabledAsync(CancellationToken ct)
    {
        var (dn, attribute) = (_options.Enabled.GroupDn, _options.Enabled.GroupMemberAttribute);
        var entries = await SearchAsync(new LdapSearch(dn, LdapScope.Base, LdapFilter.Present("objectClass"), [attribute]), ct);
        return [.. entries.SelectMany(entry => entry.Texts(attribute)).Select(MemberKey)];
    }

    private string MemberKey(string member) => _options.Enabled.GroupMembersAreIds ? member : DistinguishedName.Normalize(member);

    private static IEnumerable<LdapFilter> Narrow(EntryOptions kind, IReadOnlyList<NameFilter> names) =>
        [.. names.Select(name => name.ToLdap(kind.NameAttribute)), LdapFilter.Present(kind.IdAttribute)];

    // Active Directory keeps its UUIDs as 16 bytes.
    private static LdapFilter IdIs(EntryOptions kind, string localId) =>
        kind.IdAttribute.Equals("objectGUID", StringComparison.OrdinalIgnoreCase) && Guid.TryParse(localId, out var uuid)
            ? LdapFilter.Equal(kind.IdAttribute, uuid.ToByteArray())
            : LdapFilter.Equal(kind.IdAttribute, localId);
}
