using System.Buffers.Text;
using Appliance.Controller.Http;
using CsCheck;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>What is not a token this cloud gave, byte for byte, is nobody's.</summary>
public class TokenProperties
{
    [Fact]
    public async Task No_text_but_the_token_itself_is_the_token()
    {
        await using var cloud = await TestCloud.StartAsync();
        var first = await cloud.AdminTokenAsync();
        var second = await cloud.TokenOfAsync(await cloud.CreateUserAsync("ann"), "secret");
        Assert.NotNull(await FindAsync(first));
        Assert.NotNull(await FindAsync(second));

        var (one, two) = (Base64Url.DecodeFromChars(first), Base64Url.DecodeFromChars(second));
        var forgeries = Gen.OneOf(
            Gen.Int[0, one.Length * 8 - 1].Select(bit => Flip(one, bit)),
            Gen.Int[0, one.Length - 1].Select(length => one[..length]),
            Gen.Int[1, two.Length - 1].Select(at => (byte[])[.. two[..at], .. one[Math.Min(at, one.Length)..]]),
            Gen.Byte.Array[1, 8].Select(tail => (byte[])[.. one, .. tail]),
            Gen.Byte.Array[0, 250]);
        await Gen.OneOf(forgeries.Select(static bytes => Base64Url.EncodeToString(bytes)), Gen.String[0, 300], Gen.String[Gen.Char[' ', '~'], 0, 300])
            .Where(text => text != first && text != second)
            .SampleAsync(async text => Assert.Null(await FindAsync(text)), iter: 20_000, threads: 1);

        async Task<Caller?> FindAsync(string text) => await cloud.Host.Services.Tokens.FindCallerAsync(text, CancellationToken.None);
    }

    [Fact]
    public async Task No_forged_header_makes_a_server_error()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await cloud.AdminTokenAsync();

        await Gen.Select(Gen.Int[0, 255], Gen.Char['!', '~']).SampleAsync(async (at, put) =>
        {
            var forged = at < token.Length ? string.Concat(token.AsSpan(0, at), put.ToString(), token.AsSpan(at + 1)) : token + put;
            if (forged == token)
                return;
            var answer = await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/tokens", headers: ("X-Subject-Token", forged));
            answer.ShouldBe(404);
            Assert.Equal(401, await cloud.UseAsync(forged));
        }, iter: 200, threads: 1);
    }

    private static byte[] Flip(byte[] bytes, int bit)
    {
        var flipped = (byte[])bytes.Clone();
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
