using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Groups;

/// <summary>The groups that a user is in: those it was put into, and those that its identity provider vouched for until some time.</summary>
/// <param name="ExpiresAt">Null: the membership does not end by itself.</param>
internal sealed record UserGroup(Group Group, DateTimeOffset? ExpiresAt)
{
    private const string Select =
        """
        SELECT g.id, g.domain_id, g.name, g.description, g.extra, CASE WHEN m.group_id IS NULL THEN f.expires_at END FROM identity_groups g
            LEFT JOIN identity_memberships m ON m.group_id = g.id AND m.user_id = @member
            LEFT JOIN identity_federated_groups f ON f.group_id = g.id AND f.user_id = @member AND f.expires_at > @now
        """;

    /// <summary><c>/v3/users/{id}/groups</c>; to be asked with <see cref="Of"/>. Source: keystone/identity/core.py, list_groups_for_user.</summary>
    public static readonly Collection<UserGroup> Groups = new("groups", "group", Select, "g.id", Map, static member => member.Group.Id, Write);

    /// <summary>Adds that the groups are the user's.</summary>
    public static CollectionQuery Of(CollectionQuery query, string userId, DateTimeOffset now) =>
        query.And("(m.group_id IS NOT NULL OR f.group_id IS NOT NULL)", ("member", userId), ("now", now));

    private static UserGroup Map(Row row) => new(
        new Group(row.String(0), row.String(1), row.String(2), row.String(3), row.String(4)), row.NullableInstant(5));

    private static void Write(Utf8JsonWriter writer, UserGroup member)
    {
        GroupJson.Groups.WriteMembers(writer, member.Group);
        writer.WriteString("membership_expires_at", member.ExpiresAt is { } end ? Timestamps.MicrosNoZone(end) : null);
    }
}
