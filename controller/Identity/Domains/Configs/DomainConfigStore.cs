using System.Text;
using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Domains.Configs;

/// <summary>Rows of domain options; what is sensitive is sealed.</summary>
internal sealed class DomainConfigStore(Lazy<SiteSecret> secret)
{
    public const string Tables =
        """
        CREATE TABLE identity_domain_options (
            domain_id TEXT NOT NULL, group_name TEXT NOT NULL, option_name TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (domain_id, group_name, option_name));
        """;

    /// <param name="group">Null: of all groups.</param>
    /// <param name="option">Null: all options of the group.</param>
    public async Task<List<DomainOption>> ListAsync(Session tx, string domainId, string? group, string? option, CancellationToken ct)
    {
        var rows = await tx.ListAsync(
            "SELECT group_name, option_name, value FROM identity_domain_options WHERE domain_id = @domain ORDER BY group_name, option_name",
            static row => new DomainOption(row.String(0), row.String(1), row.String(2)), ct, ("domain", domainId));
        return [.. rows.Where(row => (group is null || row.Group == group) && (option is null || row.Name == option)).Select(row => Open(domainId, row))];
    }

    public async Task SetAsync(Session tx, string domainId, IEnumerable<DomainOption> options, CancellationToken ct)
    {
        foreach (var option in options)
        {
            var value = DomainOptions.IsSensitive(option.Group, option.Name)
                ? secret.Value.Seal(Encoding.UTF8.GetBytes(option.Value), Purpose(domainId, option))
                : option.Value;
            await tx.ExecuteAsync(
                """
                INSERT INTO identity_domain_options (domain_id, group_name, option_name, value) VALUES (@domain, @group, @name, @value)
                ON CONFLICT (domain_id, group_name, option_name) DO UPDATE SET value = excluded.value
                """, ct, ("domain", domainId), ("group", option.Group), ("name", option.Name), ("value", value));
        }
    }

    public static Task DeleteAsync(Session tx, string domainId, string? group, string? option, CancellationToken ct) => tx.ExecuteAsync(
        """
        DELETE FROM identity_domain_options WHERE domain_id = @domain AND (@group IS NULL OR group_name = @group)
            AND (@name IS NULL OR option_name = @name)
        """, ct, ("domain", domainId), ("group", group), ("name", option));

    private DomainOption Open(string domainId, DomainOption option) => DomainOptions.IsSensitive(option.Group, option.Name)
        ? option with { Value = Encoding.UTF8.GetString(secret.Value.Open(option.Value, Purpose(domainId, option))) }
        : option;

    private static string Purpose(string domainId, DomainOption option) => $"domain option {domainId} {option.Group} {option.Name}";
}
