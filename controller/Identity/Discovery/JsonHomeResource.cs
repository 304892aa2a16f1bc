using System.Text.Json;

namespace Appliance.Controller.Identity.Discovery;

/// <summary>One resource of the JSON-Home document.</summary>
/// <param name="Path">Below <c>/v3</c>, variables in braces.</param>
/// <param name="Relation">What it is, without what all relations begin with: <c>rel/user</c>, <c>ext/OS-TRUST/1.0/rel/trust</c>.</param>
/// <param name="Status"><c>experimental</c> or <c>deprecated</c>; null: stable.</param>
internal sealed record JsonHomeResource(string Path, string Relation, string? Status)
{
    private const string RelationsBeginWith = "https://docs.openstack.org/api/openstack-identity/3/";

    // Variables whose meaning is not called param/{name}.
    private static readonly Dictionary<string, string> ParameterRelations = new()
    {
        ["access_token_id"] = "ext/OS-OAUTH1/1.0/param/access_token_id",
        ["consumer_id"] = "ext/OS-OAUTH1/1.0/param/consumer_id",
        ["endpoint_group_id"] = "ext/OS-EP-FILTER/1.0/param/endpoint_group_id",
        ["group"] = "param/config_group",
        ["idp_id"] = "ext/OS-FEDERATION/1.0/param/idp_id",
        ["implied_role_id"] = "param/role_id",
        ["mapping_id"] = "ext/OS-FEDERATION/1.0/param/mapping_id",
        ["option"] = "param/config_option",
        ["prior_role_id"] = "param/role_id",
        ["protocol_id"] = "ext/OS-FEDERATION/1.0/param/protocol_id",
        ["request_token_id"] = "ext/OS-OAUTH1/1.0/param/request_token_id",
        ["service_provider_id"] = "ext/OS-FEDERATION/1.0/param/service_provider_id",
        ["trust_id"] = "ext/OS-TRUST/1.0/param/trust_id",
        ["value"] = "param/tag_value",
    };

    /// <summary>The names that Keystone gives, from the embedded table.</summary>
    public static List<JsonHomeResource> ReadAll()
    {
        using var table = new StreamReader(typeof(JsonHomeResource).Assembly.GetManifestResourceStream("keystone-json-home.tsv")!);
        var resources = new List<JsonHomeResource>();
        table.ReadLine();
        table.ReadLine();
        while (table.ReadLine() is { } line)
        {
            var fields = line.Split('\t');
            resources.Add(new JsonHomeResource(fields[0], fields[1], fields[2] == "-" ? null : fields[2]));
        }

        return resources;
    }

    /// <summary>Writes the resource as a member of <c>resources</c>.</summary>
    /// <param name="prefix">Goes before the path.</param>
    public void Write(Utf8JsonWriter writer, string prefix)
    {
        writer.WriteStartObject(RelationsBeginWith + Relation);
        var variables = Path.Split('/').Where(static segment => segment.StartsWith('{')).Select(static segment => segment[1..^1]).ToList();
        writer.WriteString(variables.Count == 0 ? "href" : "href-template", prefix + Path);
        if (variables.Count > 0)
            WriteVariables(writer, variables);
        if (Status is not null)
        {
            writer.WriteStartObject("hints");
            writer.WriteString("status", Status);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteVariables(Utf8JsonWriter writer, List<string> variables)
    {
        writer.WriteStartObject("href-vars");
        foreach (var variable in variables)
            writer.WriteString(variable, RelationsBeginWith + (ParameterRelations.GetValueOrDefault(variable) ?? $"param/{variable}"));
        writer.WriteEndObject();
    }
}
