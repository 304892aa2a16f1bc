using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Appliance.Controller.Identity.Auth.Methods;

/// <summary>Time-based one-time passwords of six digits, HMAC-SHA1, 30 seconds. Source: RFC 6238; keystone/auth/plugins/totp.py.</summary>
internal static class Totp
{
    private const int PeriodSeconds = 30;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    // Keystone's default for [totp] included_previous_windows.
    private const int PreviousWindows = 1;

    /// <param name="seed">Base32, with or without its padding. One that is not fits no passcode.</param>
    public static bool Fits(string seed, string passcode, DateTimeOffset now)
    {
        if (DecodeBase32(seed) is not { } key)
            return false;
        var fits = false;
        for (var window = 0; window <= PreviousWindows; window++)
        {
            var expected = Generate(key, (now.ToUnixTimeSeconds() / PeriodSeconds) - window);
            fits |= CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.UTF8.GetBytes(passcode));
        }

        return fits;
    }

    /// <summary>The passcode of one period since 1970. RFC 4226, 5.3.</summary>
    public static string Generate(ReadOnlySpan<byte> key, long period)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, period);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
        // The RFC names SHA-1, keyed, which its weakness does not touch.
#pragma warning disable CA5350
        HMACSHA1.HashData(key, counter, hash);
#pragma warning restore CA5350
        var binary = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 0xf)..]) & int.MaxValue;
        return (binary % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>Null: not Base32.</summary>
    public static byte[]? DecodeBase32(string text)
    {
        var digits = text.TrimEnd('=');
        var bytes = new byte[digits.Length * 5 / 8];
        var (bits, count, filled) = (0, 0, 0);
        foreach (var digit in digits)
        {
            var value = Alphabet.IndexOf(digit, StringComparison.Ordinal);
            if (value < 0)
                return null;
            bits = ((bits << 5) | value) & 0xffff;
            count += 5;
            if (count < 8)
                continue;
            count -= 8;
            bytes[filled++] = (byte)(bits >> count);
        }

        return bytes.Length > 0 ? bytes : null;
    }
}
