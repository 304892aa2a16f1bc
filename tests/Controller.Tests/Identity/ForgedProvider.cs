using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Appliance.Controller.Tests.Identity;

/// <summary>An OpenID provider that says and signs what a test wants: what no real one does, an attacker does.</summary>
internal sealed class ForgedProvider : IAsyncDisposable
{
    private readonly RSA _key = RSA.Create(2048);
    private readonly HttpListener _http = new();
    private readonly Task _serving;

    public ForgedProvider()
    {
        for (var port = Random.Shared.Next(20_000, 40_000); ; port = Random.Shared.Next(20_000, 40_000))
        {
            Issuer = $"http://127.0.0.1:{port}";
            _http.Prefixes.Clear();
            _http.Prefixes.Add(Issuer + "/");
            try
            {
                _http.Start();
                break;
            }
            catch (HttpListenerException)
            {
                // Somebody has the port: another one.
            }
        }

        _serving = ServeAsync();
    }

    public string Issuer { get; }

    /// <summary>What it answers to whoever redeems a code; null: an error.</summary>
    public string? IdToken { get; set; }

    /// <summary>What it tells of whoever shows an access token.</summary>
    public JsonObject? UserInfo { get; set; }

    /// <summary>The form that a code was redeemed with.</summary>
    public string? Redeemed { get; private set; }

    /// <summary>Its public key, as it stands among its keys.</summary>
    public JsonObject PublicKey(string id = "k1")
    {
        var key = _key.ExportParameters(false);
        return new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = id,
            ["n"] = Base64Url.EncodeToString(key.Modulus),
            ["e"] = Base64Url.EncodeToString(key.Exponent),
        };
    }

    public string Sign(
        string audience = "appliance", string? issuer = null, TimeSpan? lifetime = null, TimeSpan? notBefore = null, string algorithm = "RS256",
        string[]? groups = null, string? nonce = null, string keyId = "k1", JsonObject? header = null, Action<JsonObject>? change = null)
    {
        var now = DateTimeOffset.UtcNow;
        header ??= [];
        header["alg"] = algorithm;
        header["kid"] = keyId;
        header["typ"] = "JWT";
        var claims = new JsonObject
        {
            ["iss"] = issuer ?? Issuer,
            ["aud"] = audience,
            ["sub"] = "0001",
            ["preferred_username"] = "ann",
            ["exp"] = (now + (lifetime ?? TimeSpan.FromMinutes(5))).ToUnixTimeSeconds(),
            ["nbf"] = (now + (notBefore ?? TimeSpan.Zero)).ToUnixTimeSeconds(),
            ["groups"] = new JsonArray([.. (groups ?? ["none"]).Select(static group => (JsonNode?)group)]),
        };
        if (nonce is not null)
            claims["nonce"] = nonce;
        change?.Invoke(claims);
        var text = $"{Encode(header)}.{Encode(claims)}";
        var signature = algorithm switch
        {
            "none" => [],
            "HS256" => HMACSHA256.HashData(_key.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(text)),
            _ => _key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    public async ValueTask DisposeAsync()
    {
        _http.Close();
        await _serving;
        _key.Dispose();
    }

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private async Task<JsonObject?> AnswerAsync(HttpListenerRequest request)
    {
        switch (request.RawUrl)
        {
            case "/keys":
                return new JsonObject { ["keys"] = new JsonArray(PublicKey()) };
            case "/token":
                using (var body = new StreamReader(request.InputStream))
                    Redeemed = await body.ReadToEndAsync();
                return IdToken is null ? null : new JsonObject { ["access_token"] = "access", ["token_type"] = "Bearer", ["id_token"] = IdToken };
            case "/userinfo":
                return UserInfo?.DeepClone().AsObject();
            default:
                var discovery = new JsonObject
                {
                    ["issuer"] = Issuer,
                    ["jwks_uri"] = Issuer + "/keys",
                    ["authorization_endpoint"] = Issuer + "/auth",
                    ["token_endpoint"] = Issuer + "/token",
                };
                if (UserInfo is not null)
                    discovery["userinfo_endpoint"] = Issuer + "/userinfo";
                return discovery;
        }
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _http.GetContextAsync();
                var answer = await AnswerAsync(context.Request);
                context.Response.StatusCode = answer is null ? 400 : 200;
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer?.ToJsonString() ?? "{}"));
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Closed: the test is over.
        }
    }
}
