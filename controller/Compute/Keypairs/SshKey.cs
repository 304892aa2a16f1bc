using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Keypairs;

/// <summary>SSH public keys in OpenSSH's one-line format (RFC 4253 §6.6), and pairs made here.</summary>
internal static class SshKey
{
    // What Nova generates (nova/crypto.py, generate_key_pair): clients of that age read RSA and nothing else.
    private const int GeneratedBits = 2048;

    private static readonly string[] Algorithms =
    [
        "ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ];

    /// <summary>MD5 fingerprint of a public key line; a fault when the line is no key.</summary>
    public static Outcome<string> Fingerprint(string publicKey)
    {
        var parts = publicKey.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 2 || !Algorithms.Contains(parts[0]))
            return Bad();

        var blob = new byte[parts[1].Length];
        if (!Convert.TryFromBase64String(parts[1], blob, out var length) || !IsKeyOf(parts[0], blob.AsSpan(0, length)))
            return Bad();
#pragma warning disable CA5351 // The API's fingerprint is MD5 by definition; nothing is protected by it.
        var hash = MD5.HashData(blob.AsSpan(0, length));
#pragma warning restore CA5351
        return string.Join(':', hash.Select(static value => value.ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>A new RSA pair: the private key as PEM (PKCS #1, which OpenSSH and every SSH library read), the public one as a line.</summary>
    public static (string PrivateKey, string PublicKey) Generate()
    {
        using var rsa = RSA.Create(GeneratedBits);
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        using var blob = new MemoryStream();
        Write(blob, "ssh-rsa"u8);
        WriteInteger(blob, parameters.Exponent!);
        WriteInteger(blob, parameters.Modulus!);
        return (rsa.ExportRSAPrivateKeyPem() + "\n", $"ssh-rsa {Convert.ToBase64String(blob.ToArray())} Generated-by-Nova");
    }

    private static Fault Bad() => ComputeFaults.Invalid("Keypair data is invalid: failed to generate fingerprint");

    // A blob is a sequence of length-prefixed fields, the first of which repeats the algorithm.
    private static bool IsKeyOf(string algorithm, ReadOnlySpan<byte> blob)
    {
        for (var field = 0; !blob.IsEmpty; field++)
        {
            if (blob.Length < sizeof(uint))
                return false;
            var length = BinaryPrimitives.ReadUInt32BigEndian(blob);
            if (length > blob.Length - sizeof(uint))
                return false;
            if (field == 0 && !blob.Slice(sizeof(uint), (int)length).SequenceEqual(Encoding.ASCII.GetBytes(algorithm)))
                return false;
            blob = blob[(sizeof(uint) + (int)length)..];
            if (blob.IsEmpty)
                return field > 0;
        }

        return false;
    }

    private static void Write(MemoryStream target, ReadOnlySpan<byte> field)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)field.Length);
        target.Write(length);
        target.Write(field);
    }

    // mpint: a leading zero keeps a number with its high bit set from being negative.
    private static void WriteInteger(MemoryStream target, byte[] number) => Write(target, number[0] >= 0x80 ? [0, .. number] : number);
}
