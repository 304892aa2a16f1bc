using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Tests.Http;

public class JsonSchemaTests
{
    private static readonly JsonSchema Keypair = JsonSchema.Object.Closed()
        .Required("keypair", JsonSchema.Object.Closed()
            .Required("name", JsonSchema.String(1, 5))
            .Property("type", JsonSchema.OneOfValues("ssh", "x509")));

    [Theory]
    [InlineData("""{"keypair": {"name": ""}}""", "'' is too short")]
    [InlineData("""{"keypair": {"name": "abcdef"}}""", "'abcdef' is too long")]
    [InlineData("""{"keypair": {"name": null}}""", "None is not of type 'string'")]
    [InlineData("""{"keypair": {"name": "a", "type": "rsa"}}""", "'rsa' is not one of ['ssh', 'x509']")]
    [InlineData("""{"keypair": {}}""", "'name' is a required property")]
    [InlineData("""{"keypair": {"name": "a", "x": 1, "y": 2}}""", "Additional properties are not allowed ('x', 'y' were unexpected)")]
    [InlineData("[]", "[] is not of type 'object'")]
    public void Errors_read_as_pythons_jsonschema_words_them(string body, string message)
    {
        using var document = JsonDocument.Parse(body);
        Assert.Equal(message, Keypair.Check(document.RootElement)?.Message);
    }

    [Fact]
    public void An_error_says_which_keyword_refuses_and_where_it_stands()
    {
        using var document = JsonDocument.Parse("""{"keypair": {"name": ""}}""");
        var error = Keypair.Check(document.RootElement)!;
        Assert.Equal(("minLength", "['properties']['keypair']['properties']['name']"), (error.Keyword, error.Schema));
    }

    [Fact]
    public void A_name_that_no_pattern_fits_is_refused_with_the_patterns()
    {
        using var document = JsonDocument.Parse("""{"a": 1, "B": 2, "c": 3}""");
        var error = JsonSchema.Object.Closed().PatternProperty("^[A-Z]$", JsonSchema.Integer()).Check(document.RootElement)!;
        Assert.Equal("'a', 'c' do not match any of the regexes: '^[A-Z]$'", error.Message);
    }

    [Fact]
    public void A_valid_body_has_no_error()
    {
        using var document = JsonDocument.Parse("""{"keypair": {"name": "ab😀", "type": "ssh"}}""");
        Assert.Null(Keypair.Check(document.RootElement));
    }
}
