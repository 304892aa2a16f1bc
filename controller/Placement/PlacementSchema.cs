using Appliance.Controller.Data;

namespace Appliance.Controller.Placement;

/// <summary>Tables of Placement. Use is never stored: it is the sum of the allocation rows.</summary>
internal static class PlacementSchema
{
    public static readonly ComponentSchema Tables = new("placement",
    [
        """
        CREATE TABLE placement_providers (
            id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, generation BIGINT NOT NULL, parent_id TEXT, root_id TEXT NOT NULL,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
        CREATE INDEX placement_providers_root ON placement_providers (root_id);
        CREATE TABLE placement_inventories (
            provider_id TEXT NOT NULL REFERENCES placement_providers (id) ON DELETE CASCADE, resource_class TEXT NOT NULL, total BIGINT NOT NULL,
            reserved BIGINT NOT NULL, min_unit BIGINT NOT NULL, max_unit BIGINT NOT NULL, step_size BIGINT NOT NULL,
            allocation_ratio DOUBLE PRECISION NOT NULL, PRIMARY KEY (provider_id, resource_class));
        CREATE TABLE placement_consumers (
            id TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL, generation BIGINT NOT NULL, type TEXT,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
        CREATE INDEX placement_consumers_project ON placement_consumers (project_id, user_id);
        CREATE TABLE placement_allocations (
            consumer_id TEXT NOT NULL REFERENCES placement_consumers (id) ON DELETE CASCADE,
            provider_id TEXT NOT NULL REFERENCES placement_providers (id), resource_class TEXT NOT NULL, used BIGINT NOT NULL,
            PRIMARY KEY (consumer_id, provider_id, resource_class));
        CREATE INDEX placement_allocations_use ON placement_allocations (provider_id, resource_class, used);
        CREATE TABLE placement_resource_classes (name TEXT PRIMARY KEY, updated_at BIGINT NOT NULL);
        CREATE TABLE placement_traits (name TEXT PRIMARY KEY, updated_at BIGINT NOT NULL);
        CREATE TABLE placement_provider_traits (
            provider_id TEXT NOT NULL REFERENCES placement_providers (id) ON DELETE CASCADE, trait TEXT NOT NULL,
            PRIMARY KEY (provider_id, trait));
        CREATE TABLE placement_provider_aggregates (
            provider_id TEXT NOT NULL REFERENCES placement_providers (id) ON DELETE CASCADE, aggregate_id TEXT NOT NULL,
            PRIMARY KEY (provider_id, aggregate_id));
        """,
    ]);
}
