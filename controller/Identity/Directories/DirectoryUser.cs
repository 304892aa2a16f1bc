using System.Buffers;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Directories.Ldap;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Directories;

/// <summary>A user as its directory has it.</summary>
/// <param name="LocalId">Value of the id attribute; the public id is made of it.</param>
/// <param name="Extra">JSON object of the members that have no column: <c>email</c>, <c>description</c> and the additional ones.</param>
internal sealed record DirectoryUser(string LocalId, string Dn, string Name, bool IsEnabled, string? DefaultProjectId, string Extra)
{
    public User ToUser(string publicId, string domainId) =>
        new(publicId, domainId, Name, IsEnabled, DefaultProjectId, Collections.Extra.None, Extra, null, null) { IsMirrored = true };
}

/// <summary>A group as its directory has it.</summary>
internal sealed record DirectoryGroup(string LocalId, string Dn, string Name, string Description, string Extra)
{
    public Group ToGroup(string publicId, string domainId) => new(publicId, domainId, Name, Description, Extra) { IsMirrored = true };
}

/// <summary>Makes users and groups of entries. Source: keystone/identity/backends/ldap, _ldap_res_to_model.</summary>
internal static class DirectoryEntries
{
    /// <param name="isEmulatedEnabled">Whether the group of enabled users has it; null: enabled is not emulated.</param>
    /// <returns>Null for entries without an id, without a name, or with a blank one: nobody could be told apart by it.</returns>
    public static DirectoryUser? ToUser(LdapEntry entry, EntryOptions options, EnabledOptions enabled, bool? isEmulatedEnabled)
    {
        if (IdOf(entry, options) is not { } id || NameOf(entry, options) is not { } name)
            return null;
        string? Member(string member) => options.Mapping.TryGetValue(member, out var attribute) ? entry.Text(attribute) : null;
        var isEnabled = isEmulatedEnabled ?? (options.Mapping.ContainsKey("enabled") ? IsEnabled(Member("enabled"), enabled) : true);
        var extra = WriteExtra(entry, options, UserJson.Known, ("email", Member("email")), ("description", Member("description")));
        return new DirectoryUser(id, entry.Dn, name, isEnabled, Member("default_project_id"), extra);
    }

    public static DirectoryGroup? ToGroup(LdapEntry entry, EntryOptions options)
    {
        if (IdOf(entry, options) is not { } id || NameOf(entry, options) is not { } name)
            return null;
        var description = options.Mapping.TryGetValue("description", out var attribute) ? entry.Text(attribute) : null;
        return new DirectoryGroup(id, entry.Dn, name, description ?? "", WriteExtra(entry, options, GroupJson.Known));
    }

    /// <summary>Whether the value of the enabled attribute says so; null: the entry has none.</summary>
    public static bool IsEnabled(string? value, EnabledOptions options)
    {
        value ??= options.Default;
        if (options.Mask != 0)
            return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bits) && (bits & options.Mask) != options.Mask;
        var isSet = long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number != 0
            : value.Equals("true", StringComparison.OrdinalIgnoreCase);
        return isSet != options.IsInverted;
    }

    // With several values the id is that of the entry's own name, as in Keystone.
    private static string? IdOf(LdapEntry entry, EntryOptions options)
    {
        var ids = entry.Texts(options.IdAttribute).ToArray();
        return ids.Length <= 1
            ? ids.FirstOrDefault()
            : DistinguishedName.First(entry.Dn).FirstOrDefault(
                part => part.Type.Equals(options.IdAttribute, StringComparison.OrdinalIgnoreCase))?.Value ?? ids[0];
    }

    private static string? NameOf(LdapEntry entry, EntryOptions options) =>
        entry.Text(options.NameAttribute) is { } name && !string.IsNullOrWhiteSpace(name) ? name : null;

    private static string WriteExtra(
        LdapEntry entry, EntryOptions options, IReadOnlySet<string> known, params ReadOnlySpan<(string Member, string? Value)> members)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (attribute, member) in options.Additional)
        {
            if (member is not ("id" or "links") && !known.Contains(member) && entry.Text(attribute) is { } value)
                all[member] = value;
        }

        foreach (var (member, value) in members)
        {
            if (value is not null)
                all[member] = value;
        }

        if (all.Count == 0)
            return Extra.None;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (member, value) in all)
                writer.WriteString(member, value);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
