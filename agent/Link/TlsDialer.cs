using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Link;

/// <summary>Opens TLS 1.3 connections to the controller under <see cref="LinkEndpoint.ServerName"/>.</summary>
internal static class TlsDialer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>A connection whose peer has a server certificate signed by <paramref name="authority"/>.</summary>
    /// <param name="identity">What this side presents; null: nothing.</param>
    /// <exception cref="IOException">Unreachable, or not the controller of this site.</exception>
    public static Task<SslStream> DialAsync(ControllerAddress address, X509Certificate2 authority, X509Certificate2? identity, CancellationToken ct)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = LinkEndpoint.ServerName,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        if (identity is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(identity, null, offline: true);
        return DialAsync(address, options, ct);
    }

    /// <summary>A connection to whoever answers: only for reading what is verified by other means.</summary>
    public static Task<SslStream> DialAnybodyAsync(ControllerAddress address, CancellationToken ct) =>
        DialAsync(address, new SslClientAuthenticationOptions
        {
            TargetHost = LinkEndpoint.ServerName,
            EnabledSslProtocols = SslProtocols.Tls13,
#pragma warning disable CA5359 // the CA certificate read here is compared with the join token's fingerprint
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
        }, ct);

    private static async Task<SslStream> DialAsync(ControllerAddress address, SslClientAuthenticationOptions options, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Timeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? tls = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, deadline.Token);
            tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(options, deadline.Token);
            return tls;
        }
        catch (Exception e)
        {
            if (tls is not null)
                await tls.DisposeAsync();
            socket.Dispose();
            ct.ThrowIfCancellationRequested();
            throw new IOException($"connect to {address}", e is OperationCanceledException
                ? new TimeoutException($"no answer in {Timeout.TotalSeconds:0} s")
                : e);
        }
    }
}
