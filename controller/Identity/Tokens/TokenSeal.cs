using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Appliance.Controller.Identity.Tokens;

/// <summary>
/// Turns tokens into text and back: <c>base64url(kind ‖ key id ‖ nonce ‖ AES-256-GCM(payload) ‖ tag)</c>, with kind and key id
/// authenticated. Without a key of the ring nothing can be read or made.
/// </summary>
internal sealed class TokenSeal(TokenKeyRing keys)
{
    /// <summary>Longest token text; longer input is refused unread. The column width many clients and proxies assume.</summary>
    public const int MaxTextLength = 255;

    /// <summary>What a sealed text is; one kind does not open as the other. The numbers stand in the texts.</summary>
    public enum Kind : byte
    {
        Token = 1,
        Receipt = 2,
    }

    private const int PrefixBytes = 1 + sizeof(uint);
    private const int NonceBytes = 12;
    private const int TagBytes = TokenKey.TagBytes;
    private const int OverheadBytes = PrefixBytes + NonceBytes + TagBytes;

    public string Seal(Token token, Kind kind = Kind.Token)
    {
        Span<byte> plain = stackalloc byte[TokenFormat.MaxBytes];
        plain = plain[..TokenFormat.Write(token, plain)];
        Span<byte> whole = stackalloc byte[plain.Length + OverheadBytes];
        var key = keys.Primary;
        whole[0] = (byte)kind;
        BinaryPrimitives.WriteUInt32BigEndian(whole[1..], key.Id);
        var nonce = whole.Slice(PrefixBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        key.Encrypt(nonce, plain, whole.Slice(PrefixBytes + NonceBytes, plain.Length), whole[^TagBytes..], whole[..PrefixBytes]);
        return Base64Url.EncodeToString(whole);
    }

    /// <summary>Null: not a text of this kind of this cloud. Expiry and revocation are the caller's to check.</summary>
    public Token? Open(string text, Kind kind = Kind.Token)
    {
        Span<byte> whole = stackalloc byte[MaxTextLength];
        if (text.Length > MaxTextLength
            || !Base64Url.IsValid(text)
            || !Base64Url.TryDecodeFromChars(text, whole, out var length)
            || length < OverheadBytes
            || whole[0] != (byte)kind
            || keys.Find(BinaryPrimitives.ReadUInt32BigEndian(whole[1..])) is not { } key)
            return null;

        whole = whole[..length];
        Span<byte> plain = stackalloc byte[length - OverheadBytes];
        return key.TryDecrypt(
            whole.Slice(PrefixBytes, NonceBytes), whole[(PrefixBytes + NonceBytes)..^TagBytes], whole[^TagBytes..], plain, whole[..PrefixBytes])
            ? TokenFormat.Read(plain)
            : null;
    }
}
