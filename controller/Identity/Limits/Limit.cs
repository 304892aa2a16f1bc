using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Limits;

/// <summary>How much of a service's resource a project may have unless a <see cref="Limit"/> says otherwise.</summary>
/// <param name="RegionId">Null: everywhere.</param>
/// <param name="DefaultLimit">-1: as much as it likes.</param>
internal sealed record RegisteredLimit(string Id, string ServiceId, string? RegionId, string ResourceName, long DefaultLimit, string? Description);

/// <summary>What one project or domain may have of a resource that is registered.</summary>
/// <param name="ProjectId">Null: the limit is the domain's.</param>
/// <param name="ResourceLimit">-1: as much as it likes.</param>
internal sealed record Limit(
    string Id, string? ProjectId, string? DomainId, string ServiceId, string? RegionId, string ResourceName, long ResourceLimit, string? Description);

/// <summary>How limits read and look. Source: keystone/limit/schema.py.</summary>
internal static class LimitJson
{
    public const string Tables =
        """
        CREATE TABLE identity_registered_limits (
            id TEXT PRIMARY KEY, service_id TEXT NOT NULL, region_id TEXT NOT NULL, resource_name TEXT NOT NULL, default_limit BIGINT NOT NULL,
            description TEXT, UNIQUE (service_id, region_id, resource_name));
        CREATE TABLE identity_limits (
            id TEXT PRIMARY KEY, registered_id TEXT NOT NULL, project_id TEXT NOT NULL, domain_id TEXT NOT NULL, resource_limit BIGINT NOT NULL,
            description TEXT, UNIQUE (registered_id, project_id, domain_id));
        CREATE INDEX identity_limits_project ON identity_limits (project_id, domain_id);
        """;

    public static readonly Collection<RegisteredLimit> Registered = new(
        "registered_limits", "registered_limit",
        "SELECT g.id, g.service_id, g.region_id, g.resource_name, g.default_limit, g.description FROM identity_registered_limits g", "g.id",
        static row => new RegisteredLimit(row.String(0), row.String(1), OrNull(row.String(2)), row.String(3), row.Int64(4), row.NullableString(5)),
        static limit => limit.Id, Write);

    public static readonly Collection<Limit> Limits = new(
        "limits", "limit",
        "SELECT l.id, l.project_id, l.domain_id, g.service_id, g.region_id, g.resource_name, l.resource_limit, l.description "
        + "FROM identity_limits l JOIN identity_registered_limits g ON g.id = l.registered_id", "l.id",
        static row => new Limit(
            row.String(0), OrNull(row.String(1)), OrNull(row.String(2)), row.String(3), OrNull(row.String(4)), row.String(5), row.Int64(6),
            row.NullableString(7)),
        static limit => limit.Id, Write);

    private static readonly JsonSchema Amount = JsonSchema.Integer(-1, int.MaxValue);
    private static readonly JsonSchema ServiceId = JsonSchema.String().Format("uuid", Ids.IsUuidLike);
    private static readonly JsonSchema RegionId = JsonSchema.NullableString(1, 255);
    private static readonly JsonSchema Description = JsonSchema.NullableString(null, 255);

    public static readonly JsonSchema CreateRegistered = JsonSchema.Object.Closed().Required("registered_limits", JsonSchema.Array(
        JsonSchema.Object.Closed()
            .Required("service_id", ServiceId).Property("region_id", RegionId).Required("resource_name", BodyMembers.Name)
            .Required("default_limit", Amount).Property("description", Description)).Count(min: 1));

    public static readonly JsonSchema UpdateRegistered = JsonSchema.Object.Closed().Required("registered_limit", JsonSchema.Object.Closed()
        .Property("service_id", ServiceId).Property("region_id", RegionId).Property("resource_name", BodyMembers.Name)
        .Property("default_limit", Amount).Property("description", Description));

    public static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("limits", JsonSchema.Array(
        JsonSchema.Object.Closed()
            .Property("project_id", BodyMembers.NullableId).Property("domain_id", BodyMembers.NullableId)
            .Required("service_id", ServiceId).Property("region_id", RegionId).Required("resource_name", BodyMembers.Name)
            .Required("resource_limit", Amount).Property("description", Description)
            .OneOf(JsonSchema.Of().Required("domain_id", JsonSchema.Any), JsonSchema.Of().Required("project_id", JsonSchema.Any))).Count(min: 1));

    public static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("limit", JsonSchema.Object.Closed()
        .Property("resource_limit", Amount).Property("description", Description));

    private static void Write(Utf8JsonWriter writer, RegisteredLimit limit)
    {
        writer.WriteString("id", limit.Id);
        writer.WriteString("service_id", limit.ServiceId);
        writer.WriteString("region_id", limit.RegionId);
        writer.WriteString("resource_name", limit.ResourceName);
        writer.WriteNumber("default_limit", limit.DefaultLimit);
        writer.WriteString("description", limit.Description);
    }

    private static void Write(Utf8JsonWriter writer, Limit limit)
    {
        writer.WriteString("id", limit.Id);
        writer.WriteString("project_id", limit.ProjectId);
        writer.WriteString("domain_id", limit.DomainId);
        writer.WriteString("service_id", limit.ServiceId);
        writer.WriteString("region_id", limit.RegionId);
        writer.WriteString("resource_name", limit.ResourceName);
        writer.WriteNumber("resource_limit", limit.ResourceLimit);
        writer.WriteString("description", limit.Description);
    }

    private static string? OrNull(string text) => text.Length > 0 ? text : null;
}
