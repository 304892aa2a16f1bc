using System.Security.Cryptography;

namespace Appliance.Linux.Netlink.Nftables;

/// <summary>
/// A rule in the form the kernel takes it. The rule carries the digest of its expressions as user data, which the kernel stores unread, so
/// that a listing tells whether a rule is still the one wanted without comparing expressions (the kernel reorders and extends those).
/// Made by <see cref="NftRuleBuilder"/>.
/// </summary>
internal sealed class NftRule
{
    // Collisions matter only between two versions of the same line of the same chain.
    private const int DigestLength = 8;

    public NftRule(byte[] expressions)
    {
        Expressions = expressions;
        Digest = new(SHA256.HashData(expressions)[..DigestLength]);
    }

    /// <summary>Contents of NFTA_RULE_EXPRESSIONS.</summary>
    public byte[] Expressions { get; }

    public NftBytes Digest { get; }

    /// <summary>The digest as <c>nft</c> shows it: a comment (libnftnl udata type 0, text with a terminating zero).</summary>
    public byte[] UserData()
    {
        var text = Convert.ToHexStringLower(Digest.Span);
        var data = new byte[2 + text.Length + 1];
        data[1] = (byte)(text.Length + 1);
        System.Text.Encoding.ASCII.GetBytes(text, data.AsSpan(2));
        return data;
    }

    /// <summary>Reads <see cref="UserData"/> back; empty when somebody else made the rule.</summary>
    public static NftBytes ReadDigest(ReadOnlySpan<byte> userData)
    {
        if (userData.Length != 2 + (DigestLength * 2) + 1)
            return default;

        var digest = new byte[DigestLength];
        return Convert.FromHexString(userData[2..^1], digest, out _, out _) == System.Buffers.OperationStatus.Done ? new(digest) : default;
    }
}
