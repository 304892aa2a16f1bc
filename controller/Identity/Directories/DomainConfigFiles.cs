using System.Text.Encodings.Web;
using System.Text.Json;
using Appliance.Controller.Identity.Domains.Configs;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Directories;

/// <summary>
/// Options of domains in files <c>keystone.{domain name}.conf</c> below a folder: sections <c>[identity]</c> and <c>[ldap]</c>.
/// Source: keystone/identity/core.py, _setup_domain_drivers_from_files.
/// </summary>
internal static partial class DomainConfigFiles
{
    private const string Head = "keystone.";
    private const string Tail = ".conf";

    /// <returns>Options by the name of the domain.</returns>
    /// <exception cref="FormatException">A file is malformed, or sets an option that no domain can have.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<DomainOption>> Load(string folder, ILogger log)
    {
        var domains = new Dictionary<string, IReadOnlyList<DomainOption>>(StringComparer.Ordinal);
        if (!Directory.Exists(folder))
        {
            LogNoFolder(log, folder);
            return domains;
        }

        foreach (var path in Directory.EnumerateFiles(folder, $"{Head}*{Tail}", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var file = Path.GetFileName(path);
            if (file.Length > Head.Length + Tail.Length)
                domains[file[Head.Length..^Tail.Length]] = Read(path);
        }

        return domains;
    }

    private static List<DomainOption> Read(string path)
    {
        using var text = new StreamReader(path);
        var file = SettingsFile.Read(text, path);
        var options = new List<DomainOption>();
        foreach (var group in DomainOptions.Groups)
        {
            foreach (var name in DomainOptions.FileOptions(group))
            {
                if (file.Section(group).Text(name) is { } value)
                    options.Add(new DomainOption(group, name, $"\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\""));
            }
        }

        file.CheckAllRead();
        return options;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "there is no folder {Folder} with domains' configurations")]
    private static partial void LogNoFolder(ILogger log, string folder);
}
