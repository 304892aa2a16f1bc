namespace Appliance.Agent.Metadata.Documents;

/// <summary>The dated versions of both trees, oldest first (nova/api/metadata/base.py). A version shows what came with it and before.</summary>
internal static class MetadataVersions
{
    public const string Latest = "latest";

    /// <summary>Adds <c>password</c> and <c>random_seed</c>.</summary>
    public const string Grizzly = "2013-04-04";

    /// <summary>Adds <c>vendor_data.json</c>.</summary>
    public const string Havana = "2013-10-17";

    /// <summary>Adds <c>network_data.json</c> and <c>project_id</c>.</summary>
    public const string Liberty = "2015-10-15";

    /// <summary>Adds <c>devices</c>.</summary>
    public const string NewtonOne = "2016-06-30";

    /// <summary>Adds <c>vendor_data2.json</c>.</summary>
    public const string NewtonTwo = "2016-10-06";

    /// <summary>Adds <c>dedicated_cpus</c>.</summary>
    public const string Victoria = "2020-10-14";

    public static readonly string[] OpenStack =
        ["2012-08-10", Grizzly, Havana, Liberty, NewtonOne, NewtonTwo, "2017-02-22", "2018-08-27", Victoria];

    public static readonly string[] Ec2 =
        ["1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04"];

    /// <returns>The dated version a path means; null: unknown.</returns>
    public static string? Resolve(string[] versions, string name) =>
        name == Latest ? versions[^1] : versions.Contains(name) ? name : null;

    public static bool Has(string[] versions, string version, string since) => Array.IndexOf(versions, version) >= Array.IndexOf(versions, since);
}
