using System.Net;
using System.Text.RegularExpressions;

namespace Appliance.Controller.Tests.Identity;

/// <summary>What a browser does on its way through a login: keeps cookies, follows redirects, fills in and sends the forms it is shown.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient _http;

    public Browser() => _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies });

    public CookieContainer Cookies { get; } = new();

    /// <summary>Where it is.</summary>
    public Uri Address { get; private set; } = new("about:blank");

    public Task<TestAnswer> OpenAsync(string url) => SendAsync(new HttpRequestMessage(HttpMethod.Get, url));

    public Task<TestAnswer> OpenAsync(string url, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return SendAsync(request);
    }

    public Task<TestAnswer> PostAsync(string url, params (string Name, string Value)[] fields) => SendAsync(new HttpRequestMessage(HttpMethod.Post, url)
    {
        Content = new FormUrlEncodedContent(fields.Select(static field => KeyValuePair.Create(field.Name, field.Value))),
    });

    /// <summary>Follows redirects until there are none, or the next one leads to where <paramref name="stop"/> says; then that is the answer.</summary>
    public async Task<TestAnswer> FollowAsync(TestAnswer answer, Func<string, bool>? stop = null)
    {
        while (answer.Status is 302 or 303)
        {
            var next = new Uri(Address, answer.Headers["Location"]).AbsoluteUri;
            if (stop?.Invoke(next) == true)
                return answer;
            answer = await OpenAsync(next);
        }

        return answer;
    }

    /// <summary>Sends the only form of a page, with its hidden fields and those given.</summary>
    public Task<TestAnswer> SubmitAsync(TestAnswer page, params (string Name, string Value)[] fields)
    {
        var hidden = HiddenField().Matches(page.Text).Select(static match => (match.Groups[1].Value, match.Groups[2].Value));
        return PostAsync(new Uri(Address, FormAction().Match(page.ShouldBe(200).Text).Groups[1].Value).AbsoluteUri, [.. hidden, .. fields]);
    }

    public void Dispose() => _http.Dispose();

    private async Task<TestAnswer> SendAsync(HttpRequestMessage request)
    {
        Address = request.RequestUri!;
        using (request)
        using (var response = await _http.SendAsync(request, TestContext.Current.CancellationToken))
            return await TestAnswer.ReadAsync(response);
    }

    [GeneratedRegex("""<form[^>]* action="([^"]+)""")]
    private static partial Regex FormAction();

    [GeneratedRegex("""<input type="hidden" name="(\w+)"(?: id="\w+")? value="([^"]*)""")]
    private static partial Regex HiddenField();
}
