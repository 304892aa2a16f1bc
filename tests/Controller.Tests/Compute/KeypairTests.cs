using System.Security.Cryptography;

namespace Appliance.Controller.Tests.Compute;

public class KeypairTests
{
    private const string Pairs = "/compute/v2.1/os-keypairs";
    private const string Ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGa0Y9nRZBkfDZnxmSZuVqhSSTyZ2WvE1tzcnRzmWkqr me@here";

    [Fact]
    public async Task An_imported_key_is_shown_with_its_md5_fingerprint()
    {
        await using var cloud = await TestCloud.StartAsync();
        var body = $$"""{"keypair": {"name": "k 1", "public_key": "{{Ed25519}}"} }""";
        var created = (await cloud.PostAsync(Pairs, body)).ShouldBe(200).Json["keypair"]!;
        Assert.Null(created["private_key"]);
        var shown = (await cloud.GetAsync(Pairs + "/k%201")).ShouldBe(200).Json["keypair"]!;
        Assert.Equal(Ed25519, (string?)shown["public_key"]);
        Assert.Matches("^([0-9a-f]{2}:){15}[0-9a-f]{2}$", (string?)shown["fingerprint"]);
        Assert.False((bool)shown["deleted"]!);
        (await cloud.PostAsync(Pairs, body)).ShouldBeFault(409, "conflictingRequest", "Key pair 'k 1' already exists.");
        (await cloud.DeleteAsync(Pairs + "/k%201")).ShouldBe(202);
        (await cloud.GetAsync(Pairs + "/k%201")).ShouldBeFault(404, "itemNotFound", "Keypair k 1 not found for user ");
    }

    [Fact]
    public async Task A_generated_pair_fits_together_and_its_private_half_is_shown_once()
    {
        await using var cloud = await TestCloud.StartAsync();
        var pair = (await cloud.PostAsync(Pairs, """{"keypair": {"name": "g"}}""")).ShouldBe(200).Json["keypair"]!;
        using var rsa = RSA.Create();
        rsa.ImportFromPem((string)pair["private_key"]!);
        var modulus = rsa.ExportParameters(false).Modulus!;
        var blob = Convert.FromBase64String(((string)pair["public_key"]!).Split(' ')[1]);
        Assert.Equal(modulus, blob[^modulus.Length..]);
        Assert.DoesNotContain("private_key", (await cloud.GetAsync(Pairs + "/g")).Text);
        Assert.Equal("g", (string?)(await cloud.GetAsync(Pairs)).Json["keypairs"]![0]!["keypair"]!["name"]);
    }

    [Theory]
    [InlineData("""{"keypair": {"name": "k", "public_key": "ssh-rsa notbase64"}}""", "Keypair data is invalid")]
    [InlineData("""{"keypair": {"name": "k", "public_key": "ssh-rsa AAAAC3NzaC1lZDI1NTE5"}}""", "Keypair data is invalid")]
    [InlineData("""{"keypair": {"name": "k/", "public_key": "x"}}""", "does not match")]
    [InlineData("""{"keypair": {"name": ""}}""", "'' is too short")]
    [InlineData("""{"keypair": {"name": "k", "type": "ssh"}}""", "Additional properties are not allowed ('type' was unexpected)")]
    public async Task A_bad_key_or_name_is_refused(string body, string message)
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PostAsync(Pairs, body)).ShouldBeFault(400, "badRequest", message);
    }
}
