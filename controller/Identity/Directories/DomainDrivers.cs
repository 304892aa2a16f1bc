using System.Collections.Concurrent;
using Appliance.Controller.Identity.Directories.Ldap;
using Appliance.Controller.Identity.Domains.Configs;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Directories;

/// <summary>
/// Which domain has which driver, by its options: those stored through the API, or those of files, as the site says. There is one driver
/// in SQL, and every domain without another is in it. Source: keystone/identity/core.py, DomainConfigs.
/// </summary>
internal sealed class DomainDrivers(
    IdentityDatabase database, DomainConfigStore configs, IdentityDriverSettings settings, TimeProvider clock, ILogger<DomainDrivers> log)
{
    private readonly ConcurrentDictionary<string, Driver> _drivers = new(StringComparer.Ordinal);
    private readonly Lock _making = new();
    private IReadOnlyDictionary<string, IReadOnlyList<DomainOption>> _files = new Dictionary<string, IReadOnlyList<DomainOption>>();

    /// <param name="Options">What it was made of; other options make another.</param>
    private sealed record Driver(IReadOnlyList<DomainOption> Options, DomainDirectory Directory);

    private sealed record DomainOptionSet(IReadOnlyList<DomainOption> Options);

    /// <summary>Reads the files, as upstream does once.</summary>
    public void LoadFiles()
    {
        if (settings is { DomainSpecificDriversEnabled: true, DomainConfigurationsFromDatabase: false })
            _files = DomainConfigFiles.Load(settings.DomainConfigDir, log);
    }

    /// <summary>Null: SQL.</summary>
    /// <exception cref="LdapException">The domain's options make no sense.</exception>
    public async Task<DomainDirectory?> FindAsync(string domainId, CancellationToken ct)
    {
        var set = await database.Cache.FindAsync<DomainOptionSet>(
            new CacheKey("domain-options", domainId), async (tx, token) => new DomainOptionSet(settings.DomainConfigurationsFromDatabase
                ? await configs.ListAsync(tx, domainId, null, null, token)
                : await ProjectJson.Domains.FindAsync(tx, domainId, token) is { IsDomain: true } domain ? _files.GetValueOrDefault(domain.Name, []) : []), ct);
        var options = set!.Options;
        if (_drivers.TryGetValue(domainId, out var driver) && driver.Options.SequenceEqual(options))
            return driver.Directory;
        return DriverName(options) == "sql" ? null : Make(domainId, options);
    }

    public void Forget(string domainId)
    {
        if (_drivers.TryRemove(domainId, out var driver))
            driver.Directory.Ldap.Dispose();
    }

    /// <summary>Closes connections that nobody needs any more.</summary>
    public void CloseOld()
    {
        foreach (var driver in _drivers.Values)
            driver.Directory.Ldap.CloseOld();
    }

    /// <summary>Closes all connections; the last call.</summary>
    public void Close()
    {
        foreach (var domainId in _drivers.Keys)
            Forget(domainId);
    }

    private static string? DriverName(IReadOnlyList<DomainOption> options) => new DomainOptionValues(options, "identity").TextOrNull("driver");

    private DomainDirectory Make(string domainId, IReadOnlyList<DomainOption> options)
    {
        lock (_making)
        {
            if (_drivers.TryGetValue(domainId, out var made) && made.Options.SequenceEqual(options))
                return made.Directory;
            try
            {
                if (DriverName(options) is var name && name != "ldap")
                    throw new FormatException($"there is no driver '{name}'");
                var limit = new DomainOptionValues(options, "identity").TextOrNull("list_limit") is { Length: > 0 }
                    ? new DomainOptionValues(options, "identity").Integer("list_limit", 1) : settings.ListLimit;
                var driver = new Driver(options, new DomainDirectory(domainId, new LdapDirectory(DirectoryOptions.Read(options), clock), limit));
                Forget(domainId);
                _drivers[domainId] = driver;
                return driver.Directory;
            }
            catch (FormatException e)
            {
                throw new LdapException($"the configuration of domain {domainId}: {e.Message}", isConnectionLost: false, e);
            }
        }
    }
}
