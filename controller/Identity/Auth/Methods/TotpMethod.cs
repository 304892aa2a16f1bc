using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Credentials;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Methods;

/// <summary>A passcode made from one of the user's <c>totp</c> credentials. Wrong ones count towards a lock, as wrong passwords do.</summary>
internal sealed class TotpMethod(LoginReader logins, LoginGuard guard, IdentityDatabase database, CredentialStore store, TimeProvider clock) : IAuthMethod
{
    // Base32; tried in vain where there is none.
    private const string NobodysSeed = "AAAAAAAAAAAAAAAA";

    public string Name => "totp";

    public async Task<Outcome<Proof>> ProveAsync(JsonElement given, AuthRequest request, CancellationToken ct)
    {
        if (given.Member("user") is not { } asked)
            return IdentityFaults.Expecting("user", "totp");
        if (AuthRequest.ReadNamed(asked, "user").Failed(out var bad, out var named))
            return bad;
        // Seeds are read and tried for unknown and disabled users too: all take the same time.
        var user = await logins.FindUserAsync(named, ct);
        request.ClaimedUserId ??= user?.Id;
        var passcode = asked.StringOrNull("passcode") ?? "";
        var seeds = await database.ReadAsync((tx, token) => store.Credentials.ListAsync(
            tx, new CollectionQuery().And("c.user_id = @owner AND c.type = 'totp'", ("owner", user?.Id ?? "")), token), ct);
        var isRight = Fits(seeds, passcode);
        if (await guard.FindBarAsync(user, ct) is var bar && (bar is not null || user is null))
        {
            await guard.RecordFailureAsync(null, ct);
            return IdentityFaults.Unauthorized(bar);
        }

        if (!isRight)
            await guard.RecordFailureAsync(user, ct);
        if (!isRight || !user.IsEnabled)
            return IdentityFaults.Unauthorized("wrong passcode, no TOTP credential, or a disabled user");
        await guard.RecordSuccessAsync(user, ct);
        return new Proof(user.Id, AuthMethods.Totp);
    }

    private bool Fits(List<Credential> seeds, string passcode)
    {
        var now = clock.GetUtcNow();
        if (seeds.Count > 0)
            return seeds.Exists(seed => Totp.Fits(seed.Blob, passcode, now));
        Totp.Fits(NobodysSeed, passcode, now);
        return false;
    }
}
