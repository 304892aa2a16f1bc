using System.Security.Cryptography.X509Certificates;
using Appliance.Controller.Identity.Directories.Ldap;
using Appliance.Controller.Identity.Domains.Configs;

namespace Appliance.Controller.Identity.Directories;

/// <summary>
/// <c>[ldap]</c> of one domain, under upstream's names and with its defaults. Two of them are kept in their sense only: time-outs of -1,
/// upstream's "never", are 30 seconds here, for a request must end; and referrals are not followed, so <c>chase_referrals</c> cannot be set.
/// Source: keystone/conf/ldap.py.
/// </summary>
internal sealed record DirectoryOptions
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    public required EntryOptions User { get; init; }
    public required EntryOptions Group { get; init; }
    public required EnabledOptions Enabled { get; init; }
    public required MemberOptions Member { get; init; }
    public required LdapScope Scope { get; init; }
    public required LdapDereference Dereference { get; init; }
    public required int PageSize { get; init; }

    /// <summary>Empty: searches are anonymous.</summary>
    public required string BindDn { get; init; }
    public required string BindPassword { get; init; }
    public required LdapPoolOptions Searches { get; init; }

    /// <summary>Connections over which users prove their passwords.</summary>
    public required LdapPoolOptions Proofs { get; init; }

    /// <exception cref="FormatException">An option has a value it cannot have.</exception>
    public static DirectoryOptions Read(IEnumerable<DomainOption> options)
    {
        var values = new DomainOptionValues(options, "ldap");
        if (values.Flag("chase_referrals"))
            throw new FormatException("chase_referrals cannot be true: referrals are not followed");
        var suffix = values.Text("suffix");
        var (password, bindDn) = (values.TextOrNull("password"), values.TextOrNull("user"));
        var userTree = values.TextOrNull("user_tree_dn") ?? $"ou=Users,{suffix}";
        var isBound = !string.IsNullOrEmpty(bindDn) && !string.IsNullOrEmpty(password);
        var (searches, proofs) = ReadPools(values);
        return new DirectoryOptions
        {
            User = EntryOptions.Read(values, "user", userTree, "description"),
            Group = EntryOptions.Read(values, "group", values.TextOrNull("group_tree_dn") ?? $"ou=UserGroups,{suffix}", "desc"),
            Enabled = EnabledOptions.Read(values, userTree),
            Member = new MemberOptions(
                values.Text("group_member_attribute"), values.Flag("group_members_are_ids"), values.Flag("group_ad_nesting")),
            Scope = values.Choice("query_scope", ("one", LdapScope.OneLevel), ("sub", LdapScope.Subtree)),
            Dereference = values.Choice(
                "alias_dereferencing", ("default", LdapDereference.Never), ("never", LdapDereference.Never),
                ("searching", LdapDereference.Searching), ("finding", LdapDereference.Finding), ("always", LdapDereference.Always)),
            PageSize = values.Integer("page_size", 0),
            BindDn = isBound ? bindDn! : "",
            BindPassword = isBound ? password! : "",
            Searches = searches,
            Proofs = proofs,
        };
    }

    private static (LdapPoolOptions Searches, LdapPoolOptions Proofs) ReadPools(DomainOptionValues values)
    {
        var usesPool = values.Flag("use_pool");
        var timeout = values.Integer(usesPool ? "pool_connection_timeout" : "connection_timeout", -1);
        var endpoints = LdapEndpoint.ParseAll(values.Text("url"));
        var searches = new LdapPoolOptions(
            endpoints, values.Flag("randomize_urls"), ReadTls(values, endpoints), values.Integer("pool_size", 1), usesPool,
            TimeSpan.FromSeconds(values.Integer("pool_connection_lifetime", 1)), usesPool ? values.Integer("pool_retry_max", 1) : 1,
            TimeSpan.FromSeconds(values.Number("pool_retry_delay")), timeout > 0 ? TimeSpan.FromSeconds(timeout) : DefaultTimeout);
        return (searches, searches with
        {
            Size = values.Integer("auth_pool_size", 1),
            KeepsIdle = usesPool && values.Flag("use_auth_pool"),
            Lifetime = TimeSpan.FromSeconds(values.Integer("auth_pool_connection_lifetime", 1)),
        });
    }

    private static LdapTls ReadTls(DomainOptionValues values, IReadOnlyList<LdapEndpoint> endpoints)
    {
        var isStarted = values.Flag("use_tls");
        if (isStarted && endpoints.Any(static endpoint => endpoint.IsTls))
            throw new FormatException("Invalid TLS / LDAPS combination");
        var isVerified = values.Choice("tls_req_cert", ("demand", true), ("allow", false), ("never", false));
        return new LdapTls(isStarted, isVerified, ReadAuthorities(values.TextOrNull("tls_cacertfile"), values.TextOrNull("tls_cacertdir")));
    }

    private static X509Certificate2Collection? ReadAuthorities(string? file, string? folder)
    {
        if (string.IsNullOrEmpty(file) && string.IsNullOrEmpty(folder))
            return null;
        var authorities = new X509Certificate2Collection();
        try
        {
            foreach (var path in string.IsNullOrEmpty(file) ? Directory.GetFiles(folder!) : [file])
                authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new FormatException($"tls_cacertfile or tls_cacertdir: {e.Message}", e);
        }

        return authorities.Count > 0 ? authorities : throw new FormatException($"no certificate in {file ?? folder}");
    }
}

/// <summary>Where users or groups are, and which attribute means what.</summary>
/// <param name="Mapping">Attribute of the directory for each member of the API; a member that is ignored has none.</param>
/// <param name="Additional">Attributes that appear under names of the operator's choice.</param>
internal sealed record EntryOptions(
    string TreeDn, IReadOnlyList<LdapFilter> Filter, string ObjectClass, string IdAttribute, string NameAttribute,
    IReadOnlyDictionary<string, string> Mapping, IReadOnlyList<(string Attribute, string Member)> Additional)
{
    /// <param name="description">Upstream shortens it for groups.</param>
    public static EntryOptions Read(DomainOptionValues values, string kind, string treeDn, string description)
    {
        var ignored = values.List($"{kind}_attribute_ignore");
        var members = new List<(string Member, string Option)> { ("description", $"{kind}_{description}_attribute") };
        if (kind == "user")
            members.AddRange([("email", "user_mail_attribute"), ("enabled", "user_enabled_attribute"), ("default_project_id", "user_default_project_id_attribute")]);
        return new EntryOptions(
            treeDn, LdapFilterText.Parse(values.TextOrNull($"{kind}_filter") ?? ""), values.Text($"{kind}_objectclass"),
            values.Text($"{kind}_id_attribute"), values.Text($"{kind}_name_attribute"),
            members.Where(member => !ignored.Contains(member.Member) && !string.IsNullOrEmpty(values.TextOrNull(member.Option)))
                .ToDictionary(static member => member.Member, member => values.Text(member.Option), StringComparer.Ordinal),
            [.. values.List($"{kind}_additional_attribute_mapping").Select(static pair => pair.Split(':') is [var attribute, var member]
                ? (attribute, member)
                : throw new FormatException($"'{pair}' is not <ldap attribute>:<member>"))]);
    }

    public IReadOnlyList<string> Attributes =>
        [.. new[] { IdAttribute, NameAttribute }.Concat(Mapping.Values).Concat(Additional.Select(static pair => pair.Attribute))
            .Distinct(StringComparer.OrdinalIgnoreCase)];
}

/// <summary>How a directory says that a user is enabled.</summary>
/// <param name="Mask">Not 0: the bits of an integer that say "disabled", as in Active Directory's <c>userAccountControl</c>.</param>
/// <param name="Default">For users without the attribute.</param>
/// <param name="IsEmulated">Members of the group <paramref name="GroupDn"/> are enabled, nobody else is.</param>
internal sealed record EnabledOptions(
    int Mask, bool IsInverted, string Default, bool IsEmulated, string GroupDn, string GroupMemberAttribute, bool GroupMembersAreIds)
{
    public static EnabledOptions Read(DomainOptionValues values, string userTree)
    {
        var usesGroupOptions = values.Flag("user_enabled_emulation_use_group_config");
        var (mask, byDefault) = (values.Integer("user_enabled_mask", 0), values.Text("user_enabled_default"));
        if (mask != 0 && !long.TryParse(byDefault, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            throw new FormatException("user_enabled_default must be an integer with user_enabled_mask");
        return new EnabledOptions(
            mask, values.Flag("user_enabled_invert"), byDefault, values.Flag("user_enabled_emulation"),
            values.TextOrNull("user_enabled_emulation_dn") ?? $"cn=enabled_users,{userTree}",
            usesGroupOptions ? values.Text("group_member_attribute") : "member", usesGroupOptions && values.Flag("group_members_are_ids"));
    }
}

/// <param name="AreIds">Members are named by their ids and not by the names of their entries: <c>posixGroup</c>.</param>
/// <param name="IsNested">Active Directory follows groups in groups.</param>
internal sealed record MemberOptions(string Attribute, bool AreIds, bool IsNested);
