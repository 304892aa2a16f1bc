using Appliance.Agent.Link;

namespace Appliance.Agent.Tests.Link;

public sealed class AddressAndTokenTests
{
    [Theory]
    [InlineData("https://10.0.0.1", "10.0.0.1", 8443)]
    [InlineData("https://10.0.0.1:443", "10.0.0.1", 443)]
    [InlineData("https://cloud.example:9000/", "cloud.example", 9000)]
    [InlineData("https://[fd00::1]", "fd00::1", 8443)]
    public void A_controller_is_named_by_its_base_url(string text, string host, int port)
    {
        Assert.True(ControllerAddress.TryParse(text, out var address));
        Assert.Equal((host, port), (address.Host, address.Port));
    }

    [Theory]
    [InlineData("10.0.0.1:8443")]
    [InlineData("http://10.0.0.1")]
    [InlineData("https://10.0.0.1/identity")]
    [InlineData("")]
    public void Anything_else_is_no_controller(string text) => Assert.False(ControllerAddress.TryParse(text, out _));

    [Fact]
    public void A_token_is_a_secret_and_a_fingerprint_and_never_shows_its_secret()
    {
        var fingerprint = new string('a', 64);
        Assert.True(JoinToken.TryParse($"s3cret.{fingerprint}\n", out var token));
        Assert.Equal(("s3cret", fingerprint), (token.Secret, token.AuthorityFingerprint));
        Assert.DoesNotContain("s3cret", $"{token}", StringComparison.Ordinal);
        Assert.False(JoinToken.TryParse("s3cret", out _));
        Assert.False(JoinToken.TryParse($".{fingerprint}", out _));
        Assert.False(JoinToken.TryParse("s3cret.abc", out _));
        Assert.False(JoinToken.TryParse($"s3cret.{new string('z', 64)}", out _));
    }

    [Fact]
    public void Pauses_between_attempts_grow_to_ten_seconds_and_no_two_nodes_keep_step()
    {
        var pauses = Enumerable.Range(0, 200).Select(static seed =>
        {
            var backoff = new Backoff(new Random(seed));
            return Enumerable.Range(0, 12).Select(_ => backoff.Next()).ToArray();
        }).ToList();
        Assert.All(pauses, static row => Assert.True(row[0] <= TimeSpan.FromMilliseconds(100)));
        Assert.All(pauses, static row => Assert.True(row.Max() <= TimeSpan.FromSeconds(10)));
        Assert.True(pauses.Average(static row => row[11].TotalSeconds) is > 4 and < 6);
        Assert.Equal(200, pauses.Select(static row => row[5]).Distinct().Count());
    }
}
