using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Tables of servers. A deleted server keeps its row: lists by change, usage and actions of the past read it.</summary>
internal static class ServerTables
{
    public static readonly ComponentSchema Schema = new("compute_servers",
    [
        """
        CREATE TABLE servers (
            number {identity}, id TEXT NOT NULL UNIQUE, project_id TEXT NOT NULL, user_id TEXT NOT NULL, name TEXT NOT NULL, host_name TEXT NOT NULL,
            description TEXT, image_id TEXT, flavor_id TEXT NOT NULL, flavor_name TEXT NOT NULL, vcpus BIGINT NOT NULL, memory_mib BIGINT NOT NULL,
            root_gib BIGINT NOT NULL, ephemeral_gib BIGINT NOT NULL, swap_mib BIGINT NOT NULL, extra_specs TEXT NOT NULL, key_name TEXT,
            metadata TEXT NOT NULL, config_drive BIGINT NOT NULL, disk_config_auto BIGINT NOT NULL, access_ipv4 TEXT, access_ipv6 TEXT,
            zone TEXT, node_id TEXT, node_name TEXT, vm_state TEXT NOT NULL, task_state TEXT, task_request_id TEXT, task_user_id TEXT,
            task_project_id TEXT, power_state BIGINT NOT NULL, fault_code BIGINT, fault_message TEXT, fault_details TEXT, fault_at BIGINT,
            locked BIGINT NOT NULL, reservation_id TEXT NOT NULL, launch_index BIGINT NOT NULL, created_at BIGINT NOT NULL,
            updated_at BIGINT NOT NULL, launched_at BIGINT, terminated_at BIGINT, deleted_at BIGINT, document_generation BIGINT NOT NULL);
        CREATE INDEX servers_of_project ON servers (project_id, created_at, number) WHERE deleted_at IS NULL;
        CREATE INDEX servers_alive ON servers (created_at, number) WHERE deleted_at IS NULL;
        CREATE INDEX servers_of_node ON servers (node_id) WHERE deleted_at IS NULL;
        CREATE INDEX servers_changed ON servers (updated_at);
        CREATE TABLE server_boot (server_id TEXT PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE, body TEXT NOT NULL);
        """,
    ]);
}
