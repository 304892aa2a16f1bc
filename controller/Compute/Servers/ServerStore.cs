using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Rows of servers. Everything runs in the caller's transaction: who changes a server has read it in the same one.</summary>
internal static class ServerStore
{
    public const string Columns =
        "number, id, project_id, user_id, name, host_name, description, image_id, flavor_id, flavor_name, vcpus, memory_mib, root_gib, " +
        "ephemeral_gib, swap_mib, extra_specs, key_name, metadata, config_drive, disk_config_auto, access_ipv4, access_ipv6, zone, node_id, " +
        "node_name, vm_state, task_state, task_request_id, task_user_id, task_project_id, power_state, fault_code, fault_message, " +
        "fault_details, fault_at, locked, reservation_id, launch_index, created_at, updated_at, launched_at, terminated_at, deleted_at, " +
        "document_generation";

    /// <summary>A server that is not deleted, whoever owns it.</summary>
    public static Task<Server?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM servers WHERE id = @id AND deleted_at IS NULL", Map, ct, ("id", id));

    /// <summary>Deleted ones too.</summary>
    public static Task<Server?> FindEverAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM servers WHERE id = @id", Map, ct, ("id", id));

    /// <summary>A server the caller may know of; another project's does not exist for anybody but administrators.</summary>
    public static async Task<Server?> FindAsync(Session tx, Caller caller, string id, CancellationToken ct) =>
        await FindAsync(tx, id, ct) is { } server && (caller.IsAdmin || server.ProjectId == caller.ProjectId) ? server : null;

    public static async Task InsertAsync(Session tx, Server server, ServerBoot boot, CancellationToken ct)
    {
        await tx.ExecuteAsync(
            """
            INSERT INTO servers (
                id, project_id, user_id, name, host_name, description, image_id, flavor_id, flavor_name, vcpus, memory_mib, root_gib,
                ephemeral_gib, swap_mib, extra_specs, key_name, metadata, config_drive, disk_config_auto, access_ipv4, access_ipv6, zone, node_id,
                node_name, vm_state, task_state, task_request_id, task_user_id, task_project_id, power_state, fault_code, fault_message,
                fault_details, fault_at, locked, reservation_id, launch_index, created_at, updated_at, document_generation)
            VALUES (
                @id, @project, @user, @name, @hostName, @description, @image, @flavor, @flavorName, @vcpus, @memory, @root, @ephemeral, @swap,
                @specs, @key, @metadata, @configDrive, @diskConfig, @ipv4, @ipv6, @zone, @node, @nodeName, @vm, @task, @request, @taskUser,
                @taskProject, @power, @faultCode, @faultMessage, @faultDetails, @faultAt, @locked, @reservation, @index, @created, @updated,
                @generation)
            """,
            ct, [("project", server.ProjectId), ("user", server.UserId), ("image", server.ImageId), ("flavor", server.Size.FlavorId),
            ("flavorName", server.Size.FlavorName), ("vcpus", server.Size.Vcpus), ("memory", server.Size.MemoryMiB), ("root", server.Size.RootGiB),
            ("ephemeral", server.Size.EphemeralGiB), ("swap", server.Size.SwapMiB), ("specs", server.Size.ExtraSpecs), ("key", server.KeyName),
            ("configDrive", server.HasConfigDrive), ("reservation", server.ReservationId), ("index", server.LaunchIndex),
            ("created", server.CreatedAt), .. Changing(server)]);
        await tx.ExecuteAsync("INSERT INTO server_boot (server_id, body) VALUES (@id, @body)", ct,
            ("id", server.Id), ("body", JsonSerializer.Serialize(boot, ServerJson.Default.ServerBoot)));
    }

    /// <summary>Writes everything of a server that can change.</summary>
    public static Task UpdateAsync(Session tx, Server server, CancellationToken ct) => tx.ExecuteAsync(
        """
        UPDATE servers SET
            name = @name, host_name = @hostName, description = @description, metadata = @metadata, disk_config_auto = @diskConfig,
            access_ipv4 = @ipv4, access_ipv6 = @ipv6, zone = @zone, node_id = @node, node_name = @nodeName, vm_state = @vm, task_state = @task,
            task_request_id = @request, task_user_id = @taskUser, task_project_id = @taskProject, power_state = @power,
            fault_code = @faultCode, fault_message = @faultMessage, fault_details = @faultDetails, fault_at = @faultAt, locked = @locked,
            updated_at = @updated, launched_at = @launched, terminated_at = @terminated, deleted_at = @deleted, document_generation = @generation
        WHERE id = @id
        """,
        ct, [("launched", server.LaunchedAt), ("terminated", server.TerminatedAt), ("deleted", server.DeletedAt), .. Changing(server)]);

    public static Task<ServerBoot> GetBootAsync(Session tx, string id, CancellationToken ct) => tx.FindAsync(
        "SELECT body FROM server_boot WHERE server_id = @id",
        static row => JsonSerializer.Deserialize(row.String(0), ServerJson.Default.ServerBoot)!, ct, ("id", id))!;

    public static Task UpdateBootAsync(Session tx, string id, ServerBoot boot, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE server_boot SET body = @body WHERE server_id = @id", ct,
        ("id", id), ("body", JsonSerializer.Serialize(boot, ServerJson.Default.ServerBoot)));

    public static Server Map(Row row) => new()
    {
        Number = row.Int64(0),
        Id = row.String(1),
        ProjectId = row.String(2),
        UserId = row.String(3),
        Name = row.String(4),
        HostName = row.String(5),
        Description = row.NullableString(6),
        ImageId = row.NullableString(7),
        Size = new ServerSize(row.String(8), row.String(9), row.Int32(10), row.Int32(11), row.Int32(12), row.Int32(13), row.Int32(14), row.String(15)),
        KeyName = row.NullableString(16),
        Metadata = row.String(17),
        HasConfigDrive = row.Bool(18),
        IsDiskConfigAuto = row.Bool(19),
        AccessIpv4 = row.NullableString(20),
        AccessIpv6 = row.NullableString(21),
        Zone = row.NullableString(22),
        NodeId = row.NullableString(23),
        NodeName = row.NullableString(24),
        VmState = row.String(25),
        TaskState = row.NullableString(26),
        TaskActor = row.NullableString(27) is { } request ? new Actor(request, row.NullableString(28), row.NullableString(29)) : null,
        PowerState = row.Int32(30),
        Fault = row.NullableInt32(31) is { } code ? new ServerFault(code, row.String(32), row.NullableString(33), row.Instant(34)) : null,
        IsLocked = row.Bool(35),
        ReservationId = row.String(36),
        LaunchIndex = row.Int32(37),
        CreatedAt = row.Instant(38),
        UpdatedAt = row.Instant(39),
        LaunchedAt = row.NullableInstant(40),
        TerminatedAt = row.NullableInstant(41),
        DeletedAt = row.NullableInstant(42),
        DocumentGeneration = row.Int64(43),
    };

    private static Parameter[] Changing(Server server) =>
    [
        ("id", server.Id), ("name", server.Name), ("hostName", server.HostName), ("description", server.Description),
        ("metadata", server.Metadata), ("diskConfig", server.IsDiskConfigAuto), ("ipv4", server.AccessIpv4), ("ipv6", server.AccessIpv6),
        ("zone", server.Zone), ("node", server.NodeId), ("nodeName", server.NodeName), ("vm", server.VmState), ("task", server.TaskState),
        ("request", server.TaskActor?.RequestId), ("taskUser", server.TaskActor?.UserId), ("taskProject", server.TaskActor?.ProjectId),
        ("power", server.PowerState), ("faultCode", server.Fault?.Code), ("faultMessage", server.Fault?.Message),
        ("faultDetails", server.Fault?.Details), ("faultAt", server.Fault?.At), ("locked", server.IsLocked), ("updated", server.UpdatedAt),
        ("generation", server.DocumentGeneration),
    ];
}
