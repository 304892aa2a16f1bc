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
    public string Name => "totp";

    public async Task<Outcome<Proof>> ProveAsync(JsonElement given, AuthRequest request, CancellationToken ct)
    {
        if (given.Member("user") is not { } asked)
            return IdentityFaults.Expecting("user", "totp");
        if (AuthRequest.ReadNamed(asked, "user").Failed(out var bad, out var named))
            return bad;
        if (await logins.FindUserAsync(named, ct) is not { IsEnabled: true } user || await guard.IsBarredAsync(user, ct))
            return IdentityFaults.Unauthorized("no such user that may log in");

        var passcode = asked.StringOrNull("passcode") ?? "";
        var seeds = await database.ReadAsync((tx, token) => store.Credentials.ListAsync(
            tx, new CollectionQuery().And("c.user_id = @owner AND c.type = 'totp'", ("owner", user.Id)), token), ct);
        if (!seeds.Exists(seed => Totp.Fits(seed.Blob, passcode, clock.GetUtcNow())))
        {
            await guard.RecordFailureAsync(user, ct);
            return IdentityFaults.Unauthorized("wrong passcode, or no TOTP credential");
        }

        await guard.RecordSuccessAsync(user, ct);
        return new Proof(user.Id, AuthMethods.Totp);
    }
}
