using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Methods;

/// <summary>Source: keystone/auth/plugins/password.py.</summary>
internal sealed class PasswordMethod(LoginReader logins, UserPasswords passwords, LoginGuard guard, TimeProvider clock) : IAuthMethod
{
    public string Name => "password";

    public async Task<Outcome<Proof>> ProveAsync(JsonElement given, AuthRequest request, CancellationToken ct)
    {
        if (given.Member("user") is not { } asked)
            return IdentityFaults.Expecting("user", "password");
        if (AuthRequest.ReadNamed(asked, "user").Failed(out var bad, out var named))
            return bad;

        // The password is checked for unknown and disabled users too: all three take the same time.
        var user = await logins.FindUserAsync(named, Freshness.Live, ct);
        request.ClaimedUserId ??= user?.Id;
        var isRight = await passwords.CheckAsync(named, user, asked.StringOrNull("password") ?? "", ct);
        if (await guard.FindBarAsync(user, ct) is var bar && (bar is not null || user is null))
        {
            await guard.RecordFailureAsync(null, ct);
            return IdentityFaults.Unauthorized(bar);
        }

        if (!isRight)
            await guard.RecordFailureAsync(user, ct);
        if (!isRight || !user.IsEnabled)
            return IdentityFaults.Unauthorized("wrong password, or a disabled user");
        await guard.RecordSuccessAsync(user, ct);
        if (user.PasswordExpiresAt <= clock.GetUtcNow() && !user.Options.IgnoresPasswordExpiry)
            return new Fault(FaultKind.Unauthorized, $"The password is expired and needs to be changed for user: {user.Id}.",
                $"Password for {user.Id} expired and must be changed");
        return new Proof(user.Id, AuthMethods.Password);
    }
}
