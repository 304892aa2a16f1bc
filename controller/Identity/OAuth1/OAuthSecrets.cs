using System.Security.Cryptography;

namespace Appliance.Controller.Identity.OAuth1;

/// <summary>What is made up for OAuth.</summary>
internal static class OAuthSecrets
{
    // Letters and digits that nobody takes for one another, for a person carries the verifier from one window to another.
    private const string VerifierCharacters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    private const int VerifierLength = 8;

    /// <summary>128 random bits as hexadecimal digits.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public static string NewVerifier() => RandomNumberGenerator.GetString(VerifierCharacters, VerifierLength);
}
