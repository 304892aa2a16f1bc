using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Text;
using System.Text.Unicode;
using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Tokens;

/// <summary>
/// The plain bytes of a token: methods, scope kind, flags, issued, expires (microseconds), audit id, then the ids. An id of 32 hexadecimal
/// digits takes 17 bytes, one of 64 takes 33, anything else its UTF-8 and a length. With key id, nonce and tag a project-scoped token is
/// 160 characters.
/// </summary>
internal static class TokenFormat
{
    /// <summary>More than any payload needs: two 64-digit ids, a credential, both audit ids and a thumbprint.</summary>
    public const int MaxBytes = 256;

    private const byte HasParent = 1;
    private const byte Delegations = (byte)DelegationKind.ApplicationCredential | (byte)DelegationKind.Trust | (byte)DelegationKind.AccessToken;
    private const byte HasThumbprint = 16;
    private const int ThumbprintBytes = 32;
    private const int AuditIdBytes = 16;
    private const int HeaderBytes = 3 + 8 + 8 + AuditIdBytes;
    private const byte HexOf16 = 0;
    private const byte HexOf32 = 255;

    // 64 characters, the longest id there can be, of up to three bytes each.
    private const int MaxIdBytes = 192;

    // A day's reckoning beyond it stays within what an instant can be.
    private static readonly long LatestInstant = Instants.ToStored(new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Writes the payload; answers its length.</summary>
    public static int Write(Token token, Span<byte> target)
    {
        target[0] = unchecked((byte)token.Methods);
        target[1] = (byte)token.Scope.Kind;
        target[2] = (byte)((token.ParentAuditId is null ? 0 : HasParent) | (token.Thumbprint is null ? 0 : HasThumbprint) | (byte)(token.Delegation?.Kind ?? 0));
        BinaryPrimitives.WriteInt64BigEndian(target[3..], Instants.ToStored(token.IssuedAt));
        BinaryPrimitives.WriteInt64BigEndian(target[11..], Instants.ToStored(token.ExpiresAt));
        Base64Url.DecodeFromChars(token.AuditId, target.Slice(19, AuditIdBytes));
        var rest = target[HeaderBytes..];
        WriteId(token.UserId, ref rest);
        if (token.Scope.Id is { } scopeId)
            WriteId(scopeId, ref rest);
        if (token.ParentAuditId is { } parent)
        {
            Base64Url.DecodeFromChars(parent, rest[..AuditIdBytes]);
            rest = rest[AuditIdBytes..];
        }

        if (token.Delegation is { } delegation)
            WriteId(delegation.Id, ref rest);
        if (token.Thumbprint is { } thumbprint)
        {
            Base64Url.DecodeFromChars(thumbprint, rest[..ThumbprintBytes]);
            rest = rest[ThumbprintBytes..];
        }

        return target.Length - rest.Length;
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else. The bytes are authentic, so a surprise means another build wrote them.</summary>
    public static Token? Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < HeaderBytes || source[1] > (byte)ScopeKind.System)
            return null;

        var (methods, kind, flags) = ((AuthMethods)source[0], (ScopeKind)source[1], source[2]);
        if (!TryReadInstant(source[3..], out var issued) || !TryReadInstant(source[11..], out var expires)
            || BitOperations.PopCount((uint)(flags & Delegations)) > 1)
            return null;
        var auditId = Base64Url.EncodeToString(source.Slice(19, AuditIdBytes));
        var rest = source[HeaderBytes..];
        if (!TryReadId(ref rest, out var userId))
            return null;

        string? scopeId = null, parent = null, delegationId = null;
        if (kind is ScopeKind.Project or ScopeKind.Domain && !TryReadId(ref rest, out scopeId))
            return null;
        if ((flags & HasParent) != 0 && !TryReadAuditId(ref rest, out parent))
            return null;
        if ((flags & Delegations) != 0 && !TryReadId(ref rest, out delegationId))
            return null;
        string? thumbprint = null;
        if ((flags & HasThumbprint) != 0)
        {
            if (rest.Length < ThumbprintBytes)
                return null;
            thumbprint = Base64Url.EncodeToString(rest[..ThumbprintBytes]) + "=";
            methods |= AuthMethods.OAuth2Credential;
        }

        var delegation = delegationId is null ? null : new TokenDelegation((DelegationKind)(flags & Delegations), delegationId);
        return new Token(methods, userId!, new TokenScope(kind, scopeId), issued, expires, auditId, parent, delegation) { Thumbprint = thumbprint };
    }

    private static void WriteId(string id, ref Span<byte> target)
    {
        var length = id.Length is 32 or 64 && IsLowerHex(id) ? id.Length / 2 : 0;
        if (length > 0)
        {
            target[0] = length == 16 ? HexOf16 : HexOf32;
            Convert.FromHexString(id, target[1..], out _, out _);
        }
        else
        {
            length = Encoding.UTF8.GetBytes(id, target[1..]);
            target[0] = checked((byte)length);
        }

        target = target[(length + 1)..];
    }

    private static bool TryReadInstant(ReadOnlySpan<byte> source, out DateTimeOffset instant)
    {
        var stored = BinaryPrimitives.ReadInt64BigEndian(source);
        var isInstant = stored >= 0 && stored <= LatestInstant;
        instant = isInstant ? Instants.FromStored(stored) : default;
        return isInstant;
    }

    private static bool TryReadId(ref ReadOnlySpan<byte> source, out string? id)
    {
        id = null;
        if (source.IsEmpty)
            return false;
        var tag = source[0];
        var length = tag switch { HexOf16 => 16, HexOf32 => 32, _ => tag };
        if (source.Length < length + 1 || length > MaxIdBytes)
            return false;

        var bytes = source.Slice(1, length);
        if (tag is not (HexOf16 or HexOf32) && !Utf8.IsValid(bytes))
            return false;
        id = tag is HexOf16 or HexOf32 ? Convert.ToHexStringLower(bytes) : Encoding.UTF8.GetString(bytes);
        source = source[(length + 1)..];
        return true;
    }

    private static bool TryReadAuditId(ref ReadOnlySpan<byte> source, out string? auditId)
    {
        auditId = null;
        if (source.Length < AuditIdBytes)
            return false;
        auditId = Base64Url.EncodeToString(source[..AuditIdBytes]);
        source = source[AuditIdBytes..];
        return true;
    }

    private static bool IsLowerHex(string text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiHexDigitLower(character))
                return false;
        }

        return true;
    }
}
