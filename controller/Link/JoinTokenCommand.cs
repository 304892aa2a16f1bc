using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Link;

/// <summary><c>appliance-controller join-token</c>: makes a join token in the controller's database, whether or not the controller runs.</summary>
internal static class JoinTokenCommand
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        string? folder = null, node = null;
        var lifetime = JoinTokens.DefaultLifetime;
        for (var i = 0; i + 1 < arguments.Length; i += 2)
        {
            switch (arguments[i])
            {
                case "--data":
                    folder = Path.GetFullPath(arguments[i + 1]);
                    break;
                case "--node":
                    node = arguments[i + 1];
                    break;
                case "--hours" when int.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var hours) && hours > 0:
                    lifetime = TimeSpan.FromHours(hours);
                    break;
                default:
                    return await RefuseAsync($"'{arguments[i]} {arguments[i + 1]}' is not understood");
            }
        }

        if (arguments.Length % 2 != 0)
            return await RefuseAsync($"'{arguments[^1]}' needs a value");
        if (folder is null)
            return await RefuseAsync("--data is missing: name the controller's folder");

        Console.WriteLine(await CreateAsync(folder, node, lifetime, CancellationToken.None));
        return 0;
    }

    private static async Task<string> CreateAsync(string folder, string? node, TimeSpan lifetime, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        var options = new ControllerOptions { DataFolder = folder };
        using var certificates = SiteCertificates.LoadOrCreate(folder, [], TimeProvider.System);
        await using var database = new Database(options.DatabasePath);
        await database.OpenAsync(LinkService.Schemas, ct);
        return await database.WriteAsync((tx, token) => JoinTokens.CreateAsync(
            tx, certificates.AuthorityFingerprint, node, TimeProvider.System.GetUtcNow() + lifetime, token), ct);
    }

    private static async Task<int> RefuseAsync(string error)
    {
        await Console.Error.WriteLineAsync($"appliance-controller: {error}; see appliance-controller --help");
        return 2;
    }
}
