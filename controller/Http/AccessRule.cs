namespace Appliance.Controller.Http;

/// <summary>A kind of request that an application credential is good for.</summary>
/// <param name="Service">Service type, such as <c>compute</c>.</param>
/// <param name="Path">Path below the service's root; <c>*</c> and <c>{name}</c> stand for one segment, <c>**</c> for anything.</param>
internal sealed record AccessRule(string Id, string Service, string Method, string Path)
{
    public bool Allows(ApiService service, string method, string path) =>
        Method == method
        && service.Catalog.Any(entry => entry.Type == Service)
        && path.StartsWith(service.Prefix, StringComparison.Ordinal)
        && Matches(Path, path[service.Prefix.Length..]);

    /// <summary>Source: keystonemiddleware/auth_token, _path_matches. Time grows with the product of both lengths, whatever the pattern.</summary>
    public static bool Matches(string pattern, string path)
    {
        // reached[i]: the pattern so far can match the first i characters of the path.
        var reached = new bool[path.Length + 1];
        reached[0] = true;
        for (var next = 0; next < pattern.Length;)
        {
            var close = pattern[next] == '{' ? pattern.IndexOf('}', next) : -1;
            if (pattern.AsSpan(next).StartsWith("**"))
            {
                next += 2;
                Spread(reached, static _ => true, path, atLeastOne: false);
            }
            else if (pattern[next] == '*' || close > 0)
            {
                next = close > 0 ? close + 1 : next + 1;
                Spread(reached, static character => character != '/', path, atLeastOne: true);
            }
            else
            {
                var literal = pattern[next++];
                for (var i = path.Length; i > 0; i--)
                    reached[i] = reached[i - 1] && path[i - 1] == literal;
                reached[0] = false;
            }
        }

        return reached[path.Length];
    }

    private static void Spread(bool[] reached, Func<char, bool> accepts, string path, bool atLeastOne)
    {
        var canGoOn = false;
        var before = reached[0];
        if (atLeastOne)
            reached[0] = false;
        for (var i = 1; i <= path.Length; i++)
        {
            canGoOn = (canGoOn || before) && accepts(path[i - 1]);
            before = reached[i];
            reached[i] = canGoOn || (!atLeastOne && before);
        }
    }
}
