using Appliance.Controller.Data;

namespace Appliance.Controller.Audit.Events;

/// <summary>
/// The words of CADF for what the change log says. Actions begin with a word of its taxonomy and end with the kind of thing, as Keystone's
/// do: <c>created.user</c>. Source: pycadf/cadftaxonomy.py; keystone/notifications.py, CADF_TYPE_MAP and ACTIONS.
/// </summary>
internal static class CadfTaxonomy
{
    public const string User = "service/security/account/user";

    private const string Data = "data/security/";

    private static readonly (string Action, string Word)[] Words =
    [
        ("create", "created"), ("update", "updated"), ("delete", "deleted"), ("revoke", "revoke"), ("disable_inactive", "disabled"),
    ];

    private const string AnyOther = "updated";

    private static readonly (string Type, string Uri)[] IdentityTypes =
    [
        ("user", Data + "account/user"), ("role_assignment", User), ("consumer", Data + "account"),
        ("access_token", Data + "credential"), ("request_token", Data + "credential"), ("application_credential", Data + "credential"),
        ("credential", Data + "credential"), ("access_rule", Data + "credential"), ("token", Data + "credential"),
    ];

    private static readonly (string Service, string Prefix)[] Prefixes =
    [
        ("keystone", Data), ("nova", "service/compute/"), ("neutron", "service/network/"), ("glance", "service/storage/image/"),
        ("placement", "service/compute/placement/"), ("link", "compute/"),
    ];

    /// <summary>Actions of the change log that have a word of their own.</summary>
    public static IEnumerable<string> NamedActions => Words.Where(static pair => pair.Word != AnyOther).Select(static pair => pair.Action).Append(Change.Authenticate);

    public static string ActionOf(Change change) => change.Action == Change.Authenticate ? Change.Authenticate : $"{WordOf(change.Action)}.{change.ResourceType}";

    private static string WordOf(string action) => Array.Find(Words, pair => pair.Action == action).Word ?? AnyOther;

    /// <summary>Whether the action says less than the change log does.</summary>
    public static bool IsWidened(Change change) => change.Action != Change.Authenticate && Array.TrueForAll(Words, pair => pair.Action != change.Action);

    /// <summary>What in the change log has this action. Null: nothing can.</summary>
    /// <returns><c>IsAnyOther</c>: every action without a word of its own.</returns>
    public static (string Action, string? ResourceType, bool IsAnyOther)? ParseAction(string action)
    {
        if (action == Change.Authenticate)
            return (action, null, false);
        if (action.Split('.', 2) is not [var word, var type])
            return null;
        if (word == AnyOther)
            return ("", type, true);
        return Array.Find(Words, pair => pair.Word == word) is { Action: { } known } ? (known, type, false) : null;
    }

    public static string TypeOf(Change change)
    {
        if (change.Action == Change.Authenticate)
            return User;
        if (change.Service == "keystone" && Array.Find(IdentityTypes, pair => pair.Type == change.ResourceType) is { Uri: { } uri })
            return uri;
        return $"{Array.Find(Prefixes, pair => pair.Service == change.Service).Prefix ?? $"service/oss/{change.Service}/"}{change.ResourceType}";
    }

    /// <summary>The kinds of things that have this type.</summary>
    public static IEnumerable<(string Service, string Type)> ParseType(string uri)
    {
        foreach (var (type, known) in IdentityTypes)
        {
            if (known == uri)
                yield return ("keystone", type);
        }

        if (uri == User)
            yield return ("keystone", Authentications);
        // The longest prefix is the service's own.
        var best = Prefixes.Where(pair => uri.StartsWith(pair.Prefix, StringComparison.Ordinal))
            .OrderByDescending(static pair => pair.Prefix.Length).FirstOrDefault();
        if (best.Service is not null)
            yield return (best.Service, uri[best.Prefix.Length..]);
        else if (uri.StartsWith("service/oss/", StringComparison.Ordinal) && uri["service/oss/".Length..].Split('/', 2) is [var service, var other])
            yield return (service, other);
    }

    /// <summary><see cref="Change.ResourceType"/> of authentications.</summary>
    public const string Authentications = "authentication";

    /// <summary>Who saw it happen.</summary>
    public static string ObserverOf(string service) => service switch
    {
        "keystone" => "service/security",
        "nova" or "placement" => "service/compute",
        "neutron" => "service/network",
        "glance" => "service/storage/image",
        _ => "service/oss",
    };
}
