using System.Text;
using System.Text.Json;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>Hypervisors as JSON.</summary>
internal static class HypervisorView
{
    public static void WriteBrief(Utf8JsonWriter json, Hypervisor hypervisor)
    {
        json.WriteStartObject();
        WriteIdentity(json, hypervisor);
        json.WriteEndObject();
    }

    public static void WriteUptime(Utf8JsonWriter json, Hypervisor hypervisor, string uptime)
    {
        json.WriteStartObject();
        WriteIdentity(json, hypervisor);
        json.WriteString("uptime", uptime);
        json.WriteEndObject();
    }

    public static void WriteFull(Utf8JsonWriter json, Hypervisor hypervisor)
    {
        json.WriteStartObject();
        WriteIdentity(json, hypervisor);
        json.WriteString("hypervisor_type", hypervisor.Driver?.Name is { } name ? name.ToUpperInvariant() : "none");
        json.WriteNumber("hypervisor_version", hypervisor.DriverVersion);
        json.WriteString("host_ip", hypervisor.Host.Node.Report?.TunnelAddress);
        json.WriteStartObject("service");
        json.WriteNumber("id", ServiceList.NumberOf(hypervisor.Host));
        json.WriteString("host", hypervisor.Host.Node.HostName);
        json.WriteString("disabled_reason", hypervisor.Host.DisabledReason);
        json.WriteEndObject();
        WriteCapacity(json, [hypervisor]);
        json.WriteString("cpu_info", CpuInfo(hypervisor));
        json.WriteEndObject();
    }

    public static void WriteWithServers(Utf8JsonWriter json, Hypervisor hypervisor)
    {
        json.WriteStartObject();
        WriteIdentity(json, hypervisor);
        if (hypervisor.Servers.Count > 0)
        {
            json.WriteStartArray("servers");
            foreach (var (id, name) in hypervisor.Servers)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("uuid", id);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public static void WriteStatistics(Utf8JsonWriter json, List<Hypervisor> list)
    {
        json.WriteStartObject();
        json.WriteStartObject("hypervisor_statistics");
        json.WriteNumber("count", list.Count);
        WriteCapacity(json, list);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteIdentity(Utf8JsonWriter json, Hypervisor hypervisor)
    {
        json.WriteNumber("id", hypervisor.Host.Number);
        json.WriteString("hypervisor_hostname", hypervisor.Host.Node.HostName);
        json.WriteString("state", hypervisor.Host.IsUp ? "up" : "down");
        json.WriteString("status", hypervisor.Host.IsDisabled ? "disabled" : "enabled");
    }

    private static void WriteCapacity(Utf8JsonWriter json, List<Hypervisor> list)
    {
        json.WriteNumber("vcpus", list.Sum(static one => one.Vcpus));
        json.WriteNumber("memory_mb", list.Sum(static one => one.MemoryMiB));
        json.WriteNumber("local_gb", list.Sum(static one => one.DiskGiB));
        json.WriteNumber("vcpus_used", list.Sum(static one => one.VcpusUsed));
        json.WriteNumber("memory_mb_used", list.Sum(static one => one.MemoryUsedMiB));
        json.WriteNumber("local_gb_used", list.Sum(static one => one.DiskUsedGiB));
        json.WriteNumber("free_ram_mb", list.Sum(static one => one.MemoryMiB - one.MemoryUsedMiB));
        json.WriteNumber("free_disk_gb", list.Sum(static one => one.DiskGiB - one.DiskUsedGiB));
        json.WriteNumber("current_workload", list.Sum(static one => one.Tasks));
        json.WriteNumber("running_vms", list.Sum(static one => one.Servers.Count));
        json.WriteNumber("disk_available_least", list.Sum(static one => one.DiskGiB - one.DiskUsedGiB));
    }

    // A string that holds JSON: what the API gave before it gave an object.
    private static string CpuInfo(Hypervisor hypervisor)
    {
        if (hypervisor.Host.Node.Report?.Cpu is not { } cpu)
            return "{}";
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("arch", cpu.Architecture);
            json.WriteString("model", cpu.Model);
            json.WriteString("vendor", cpu.Vendor);
            json.WriteStartObject("topology");
            json.WriteNumber("sockets", cpu.Sockets);
            json.WriteNumber("cores", cpu.CoresPerSocket);
            json.WriteNumber("threads", cpu.ThreadsPerCore);
            json.WriteEndObject();
            json.WriteStartArray("features");
            foreach (var feature in cpu.Features)
                json.WriteStringValue(feature);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
