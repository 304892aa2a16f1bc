using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;
using Endpoint = Appliance.Controller.Identity.Catalog.Endpoints.Endpoint;

namespace Appliance.Controller.Identity.Catalog.Filters;

/// <summary>The endpoints that have certain members, whichever they are at the time.</summary>
/// <param name="Filters">JSON object: each member must equal the endpoint's of that name.</param>
internal sealed record EndpointGroup(string Id, string Name, string? Description, string Filters)
{
    /// <summary>What endpoints can be told apart by.</summary>
    public static readonly string[] FilterNames = ["service_id", "region_id", "interface"];

    public bool Has(string serviceId, string? regionId, string kind)
    {
        using var filters = JsonDocument.Parse(Filters);
        foreach (var filter in filters.RootElement.EnumerateObject())
        {
            var value = filter.Name switch { "service_id" => serviceId, "region_id" => regionId, "interface" => kind, _ => "" };
            if ((filter.Value.ValueKind == JsonValueKind.Null ? null : filter.Value.GetString()) != value)
                return false;
        }

        return true;
    }

    public bool Has(Endpoint endpoint) => Has(endpoint.ServiceId, endpoint.RegionId, endpoint.Interface);
}

/// <summary>How endpoint groups read and look. Source: keystone/catalog/schema.py.</summary>
internal static class EndpointGroupJson
{
    public const string Tables =
        """
        CREATE TABLE identity_endpoint_groups (id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, filters TEXT NOT NULL);
        CREATE TABLE identity_project_endpoints (project_id TEXT NOT NULL, endpoint_id TEXT NOT NULL, PRIMARY KEY (project_id, endpoint_id));
        CREATE INDEX identity_project_endpoints_endpoint ON identity_project_endpoints (endpoint_id);
        CREATE TABLE identity_project_endpoint_groups (project_id TEXT NOT NULL, group_id TEXT NOT NULL, PRIMARY KEY (project_id, group_id));
        CREATE INDEX identity_project_endpoint_groups_group ON identity_project_endpoint_groups (group_id);
        """;

    public static readonly Collection<EndpointGroup> Groups = new(
        "endpoint_groups", "endpoint_group", "SELECT g.id, g.name, g.description, g.filters FROM identity_endpoint_groups g", "g.id", Map,
        static group => group.Id, Write)
    { Path = "OS-EP-FILTER/endpoint_groups" };

    public static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("endpoint_group", JsonSchema.Object.Closed()
        .Required("name", BodyMembers.Name).Required("filters", Filters()).Property("description", BodyMembers.NullableText));

    public static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("endpoint_group", JsonSchema.Object.Closed()
        .Property("name", BodyMembers.Name).Property("filters", Filters()).Property("description", BodyMembers.NullableText).Properties(min: 1));

    private static JsonSchema Filters() => JsonSchema.Object
        .Property("interface", JsonSchema.OneOfValues("admin", "internal", "public")).Property("service_id", JsonSchema.String())
        .Property("region_id", BodyMembers.NullableText);

    private static EndpointGroup Map(Row row) => new(row.String(0), row.String(1), row.NullableString(2), row.String(3));

    private static void Write(Utf8JsonWriter writer, EndpointGroup group)
    {
        writer.WriteString("id", group.Id);
        writer.WriteString("name", group.Name);
        writer.WriteString("description", group.Description);
        writer.WritePropertyName("filters");
        writer.WriteRawValue(group.Filters, skipInputValidation: true);
    }
}
