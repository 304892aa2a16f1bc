using System.Text.RegularExpressions;

namespace Appliance.Controller.Identity.Settings;

/// <summary>
/// A file as oslo.config reads it: <c>[section]</c>, <c>option = value</c>, comments that begin with <c>#</c> or <c>;</c>, and lines that
/// begin with white space going on with the value above.
/// </summary>
internal sealed class SettingsFile
{
    private readonly Dictionary<string, SettingsSection> _sections = new(StringComparer.Ordinal);

    /// <param name="origin">Name of the source, for messages.</param>
    /// <exception cref="FormatException">A line is none of the above.</exception>
    public static SettingsFile Read(TextReader text, string origin)
    {
        var file = new SettingsFile();
        SettingsSection? section = null;
        string? option = null;
        for (var number = 1; text.ReadLine() is { } line; number++)
        {
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (char.IsWhiteSpace(line[0]))
            {
                if (line.Trim() is not { Length: > 0 } more)
                    continue;
                if (section is null || option is null)
                    throw new FormatException($"{origin}:{number}: no option to go on with");
                section.Continue(option, more);
            }
            else if (line[0] == '[')
            {
                if (!line.TrimEnd().EndsWith(']'))
                    throw new FormatException($"{origin}:{number}: a section is written [name]");
                (section, option) = (file.Section(line.Trim()[1..^1]), null);
            }
            else if (section is not null && line.Split(['=', ':'], 2) is [var name, var value])
            {
                option = name.Trim();
                section.Set(option, value.Trim(), $"{origin}:{number}");
            }
            else
            {
                throw new FormatException($"{origin}:{number}: neither [section] nor option = value");
            }
        }

        return file;
    }

    /// <summary>An absent section has no options.</summary>
    public SettingsSection Section(string name)
    {
        if (!_sections.TryGetValue(name, out var section))
            _sections.Add(name, section = new SettingsSection(name));
        return section;
    }

    /// <summary>A mistyped option must not be taken for one that is off.</summary>
    /// <exception cref="FormatException">Somebody set an option that nobody asked for.</exception>
    public void CheckAllRead()
    {
        if (_sections.Values.Select(static section => section.FirstUnread).FirstOrDefault(static unread => unread is not null) is { } unknown)
            throw new FormatException(unknown);
    }
}

/// <summary>The options of one section, read by name and kind; null and defaults for those not set.</summary>
internal sealed class SettingsSection(string section)
{
    private readonly Dictionary<string, (string Value, string Place)> _options = new(StringComparer.Ordinal);
    private readonly List<(string Option, string Value)> _repeated = [];
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>The message about an option that was set and never asked for.</summary>
    public string? FirstUnread => _options.FirstOrDefault(option => !_read.Contains(option.Key)) is { Key: { } name } unread
        ? $"{unread.Value.Place}: there is no option {name} in [{section}]"
        : null;

    public void Set(string option, string value, string place)
    {
        if (_options.TryGetValue(option, out var earlier))
            _repeated.Add((option, earlier.Value));
        _options[option] = (value, place);
    }

    public void Continue(string option, string more) => _options[option] = _options[option] with { Value = _options[option].Value + "\n" + more };

    public string? Text(string option)
    {
        _read.Add(option);
        return _options.TryGetValue(option, out var set) && set.Value.Length > 0 ? set.Value : null;
    }

    /// <summary>Every value of an option that may be set several times, in order.</summary>
    public IReadOnlyList<string> Texts(string option) => Text(option) is { } last
        ? [.. _repeated.Where(earlier => earlier.Option == option && earlier.Value.Length > 0).Select(static earlier => earlier.Value), last]
        : [];

    /// <summary>Values apart by commas or lines.</summary>
    public IReadOnlyList<string> List(string option) =>
        Text(option)?.Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    public bool Flag(string option, bool byDefault) => Text(option)?.ToLowerInvariant() switch
    {
        null => byDefault,
        "true" or "1" or "yes" or "on" => true,
        "false" or "0" or "no" or "off" => false,
        _ => throw Bad(option, "is not a boolean"),
    };

    public int? Integer(string option, int min)
    {
        if (Text(option) is not { } text)
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min
            ? value
            : throw Bad(option, $"is not an integer of at least {min}");
    }

    /// <param name="choices">The first is the default.</param>
    public string Choice(string option, params string[] choices) => Text(option) is not { } text
        ? choices[0]
        : choices.Contains(text) ? text : throw Bad(option, $"is none of {string.Join(", ", choices)}");

    public Regex? Pattern(string option)
    {
        if (Text(option) is not { } text)
            return null;
        try
        {
            // Users choose the text that it is matched with: bounded in time.
            return new Regex($"^(?:{text})", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"{_options[option].Place}: {option}: {e.Message}", e);
        }
    }

    private FormatException Bad(string option, string why) => new($"{_options[option].Place}: {option}: '{_options[option].Value}' {why}");
}
