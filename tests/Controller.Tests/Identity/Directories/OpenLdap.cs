using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Appliance.Controller.Tests.Identity.Directories;

/// <summary>
/// A real OpenLDAP server (Debian's slapd) with a folder of its own on free loopback ports, with people and groups in it. It ends with the
/// test.
/// </summary>
internal sealed class OpenLdap : IAsyncDisposable
{
    public const string Suffix = "dc=example,dc=org";
    public const string AdminDn = $"cn=admin,{Suffix}";
    public const string AdminPassword = "open sesame";

    /// <summary>Who reads for the cloud; the server's limits hold for it, as they do not for the administrator.</summary>
    public const string ReaderDn = $"cn=reader,{Suffix}";

    /// <summary>Everybody's.</summary>
    public const string Password = "correct horse";

    // Active Directory's attributes, under its own numbers, and what Keystone's defaults expect.
    private const string Schema =
        """
        attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
        attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
        attributetype ( 1.3.6.1.4.1.4203.666.1.1 NAME 'enabled' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
        objectclass ( 1.3.6.1.4.1.4203.666.1.2 NAME 'account2' SUP top AUXILIARY MAY ( userAccountControl $ objectGUID $ enabled ) )
        """;

    private readonly string _folder;
    private Process? _process;

    private OpenLdap(string folder, int port, int tlsPort) => (_folder, Port, TlsPort) = (folder, port, tlsPort);

    public int Port { get; }
    public int TlsPort { get; }
    public string Url => $"ldap://127.0.0.1:{Port}";
    public string TlsUrl => $"ldaps://localhost:{TlsPort}";

    /// <summary>The authority that vouches for the server.</summary>
    public string CaFile => Path.Combine(_folder, "ca.pem");

    /// <summary>One that does not.</summary>
    public string OtherCaFile => Path.Combine(_folder, "other.pem");

    /// <param name="ldif">Further entries.</param>
    public static async Task<OpenLdap> StartAsync(string ldif = "")
    {
        var folder = Directory.CreateTempSubdirectory("appliance-slapd-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "db"));
        var server = new OpenLdap(folder, FreePort(), FreePort());
        server.WriteCertificates();
        await File.WriteAllTextAsync(Path.Combine(folder, "slapd.conf"), server.Configuration());
        await RunAsync("/usr/sbin/slapadd", People + ldif, "-q", "-f", Path.Combine(folder, "slapd.conf"));
        await server.StartServerAsync();
        return server;
    }

    /// <summary>Entries after those that are there: <c>ann</c> and <c>bob</c>, <c>eve</c> who is disabled, groups <c>admins</c> and <c>staff</c>.</summary>
    public static string Person(string id, string name, string more = "") =>
        $"""

        dn: cn={id},ou=Users,{Suffix}
        objectClass: inetOrgPerson
        objectClass: account2
        cn: {id}
        sn: {name}
        userPassword: {Password}
        {more}

        """;

    public static string Group(string id, string name, params string[] members) =>
        $"""

        dn: cn={id},ou=UserGroups,{Suffix}
        objectClass: groupOfNames
        cn: {id}
        ou: {name}
        {string.Join('\n', members.Select(static member => $"member: cn={member},ou=Users,{Suffix}"))}

        """;

    /// <summary>Changes the directory by LDIF with <c>changetype</c>.</summary>
    public Task ModifyAsync(string ldif) => RunAsync("ldapmodify", ldif, "-x", "-H", Url, "-D", AdminDn, "-w", AdminPassword);

    public Task DeletePersonAsync(string id) => ModifyAsync($"dn: cn={id},ou=Users,{Suffix}\nchangetype: delete\n");

    public Task ReplaceAsync(string id, string attribute, string value) =>
        ModifyAsync($"dn: cn={id},ou=Users,{Suffix}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n");

    public async Task StartServerAsync()
    {
        var urls = $"{Url} ldaps://127.0.0.1:{TlsPort}";
        _process = Process.Start(new ProcessStartInfo("/usr/sbin/slapd", ["-d", "0", "-f", Path.Combine(_folder, "slapd.conf"), "-h", urls])
        {
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        await Eventually.TrueAsync(async () =>
        {
            Assert.False(_process.HasExited, "slapd ended");
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, Port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }, "slapd listens");
    }

    public async Task StopServerAsync()
    {
        if (_process is not { } process)
            return;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        _process = null;
    }

    /// <summary>The server takes connections and answers nothing until <see cref="ThawAsync"/>.</summary>
    public Task FreezeAsync() => RunAsync("kill", "", "-STOP", _process!.Id.ToString(CultureInfo.InvariantCulture));

    public Task ThawAsync() => RunAsync("kill", "", "-CONT", _process!.Id.ToString(CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        await StopServerAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static readonly string People =
        $"""
        dn: {Suffix}
        objectClass: dcObject
        objectClass: organization
        dc: example
        o: Example

        dn: {ReaderDn}
        objectClass: organizationalRole
        objectClass: simpleSecurityObject
        cn: reader
        userPassword: {AdminPassword}

        dn: ou=Users,{Suffix}
        objectClass: organizationalUnit
        ou: Users

        dn: ou=UserGroups,{Suffix}
        objectClass: organizationalUnit
        ou: UserGroups

        """
        + Person("ann", "Ann", "mail: ann@example.org\ndescription: the first")
        + Person("bob", "Bob", "enabled: TRUE")
        + Person("eve", "Eve", "enabled: FALSE")
        + Group("admins", "Admins", "ann")
        + Group("staff", "Staff", "ann", "bob");

    private string Configuration() =>
        $"""
        include /etc/ldap/schema/core.schema
        include /etc/ldap/schema/cosine.schema
        include /etc/ldap/schema/nis.schema
        include /etc/ldap/schema/inetorgperson.schema
        {Schema}
        modulepath /usr/lib/ldap
        moduleload back_mdb
        allow bind_anon_dn
        sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
        TLSCertificateFile {Path.Combine(_folder, "server.pem")}
        TLSCertificateKeyFile {Path.Combine(_folder, "server.key")}
        database mdb
        suffix {Suffix}
        rootdn {AdminDn}
        rootpw "{AdminPassword}"
        directory {Path.Combine(_folder, "db")}
        maxsize 67108864
        dbnosync
        access to attrs=userPassword by anonymous auth by * none
        access to * by * read

        """;

    private void WriteCertificates()
    {
        var now = DateTimeOffset.UtcNow.AddHours(-1);
        using var authority = Authority("CN=directory authority", now);
        using var other = Authority("CN=somebody else", now);
        File.WriteAllText(CaFile, authority.ExportCertificatePem());
        File.WriteAllText(OtherCaFile, other.ExportCertificatePem());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=directory", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, now, now.AddDays(2), [1, 2, 3, 4]);
        File.WriteAllText(Path.Combine(_folder, "server.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "server.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static X509Certificate2 Authority(string name, DateTimeOffset from)
    {
        var request = new CertificateRequest(name, ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(from, from.AddDays(2));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task RunAsync(string program, string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {await error}{await output}");
    }
}
