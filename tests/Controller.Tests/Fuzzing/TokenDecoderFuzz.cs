using System.Buffers.Text;
using Appliance.Controller.Identity.Tokens;
using CsCheck;

namespace Appliance.Controller.Tests.Fuzzing;

/// <summary>Texts that may be tokens, and payloads that another build may have sealed: a token or nothing comes out.</summary>
public class TokenDecoderFuzz
{
    // Sizes around the fields' borders, and bytes that stand for lengths and kinds more often than chance has it.
    private static readonly Gen<byte[]> Payload = Gen.Select(
        Gen.Byte[0, 32], Gen.Byte[0, 4], Gen.Byte[0, 20], Gen.OneOf(Gen.Byte, Gen.Byte[0, 1], Gen.Const((byte)255), Gen.Byte[14, 34]).Array[0, 250],
        static (methods, kind, flags, rest) => (byte[])[methods, kind, flags, .. rest]);

    [Fact]
    public Task No_payload_breaks_the_format() => Fuzz.RunAsync(Gen.OneOf(Payload, Gen.Byte.Array[0, 256]), 1, 20_000, static payload =>
    {
        if (TokenFormat.Read(payload) is not { } token)
            return Task.CompletedTask;

        // What is read is a token in full: it can be written, compared with the clock and read again as the same.
        Assert.True(token.ExpiresAt + TokenValidator.AllowExpiredWindow > DateTimeOffset.MinValue);
        var written = new byte[1024];
        var again = TokenFormat.Read(written.AsSpan(0, TokenFormat.Write(token, written)));
        Assert.Equal(token, again);
        return Task.CompletedTask;
    });

    [Fact]
    public async Task No_text_breaks_the_seal()
    {
        await using var cloud = await TestCloud.StartAsync();
        var whole = Base64Url.DecodeFromChars(await cloud.AdminTokenAsync());
        var texts = Gen.OneOf(
            Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, (at, put) => Text([.. whole[..at], put, .. whole[(at + 1)..]])),
            Gen.Select(Gen.Int[0, whole.Length], Gen.Byte.Array[0, 120], (at, tail) => Text([.. whole[..at], .. tail])),
            Gen.Byte.Array[0, 250].Select(static bytes => Text(bytes)), Gen.String[0, 300], Gen.String[Gen.Char[' ', '~'], 0, 300]);
        var token = Text(whole);

        await Fuzz.RunAsync(texts, 2, 20_000, async text => Assert.Equal(
            text == token, await cloud.Host.Services.Tokens.FindCallerAsync(text, CancellationToken.None) is not null));
    }

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
