using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Passwords;

namespace Appliance.Controller.Identity.Directories;

/// <summary>Checks a password where its user's is kept: against a hash, or by asking the user's directory.</summary>
internal sealed class UserPasswords(PasswordVerifier hashes, LoginReader logins, DomainDirectories directories)
{
    /// <param name="asked">As the login named the user.</param>
    /// <param name="user">Whom that means; null: nobody, and it takes as long as somebody of that domain.</param>
    public async ValueTask<bool> CheckAsync(NameInDomain asked, LoginUser? user, string password, CancellationToken ct)
    {
        if (!directories.IsOn || user is { IsMirrored: false })
            return await hashes.CheckAsync(user?.Id, user?.PasswordHash, password, ct);
        var domainId = user?.DomainId ?? await logins.FindDomainIdOfAsync(asked, ct);
        return domainId is not null && await directories.FindAsync(domainId, ct) is { } directory
            ? await directories.ProveAsync(directory, user?.Id, password, ct)
            : await hashes.CheckAsync(null, null, password, ct);
    }
}
