using static Appliance.Controller.Identity.Federation.Assertions.CanonicalXml;

namespace Appliance.Controller.Identity.Federation.Assertions;

/// <summary>
/// A response in the envelope that clients without a browser pass on to a service provider. Source: SAML 2.0 Profiles, 4.2;
/// keystone/federation/idp.py, ECPGenerator.
/// </summary>
internal static class EcpEnvelope
{
    /// <param name="relayStatePrefix">Tells the service provider's module where it keeps the state.</param>
    public static string Wrap(string response, string relayStatePrefix) => Element("soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"",
        Element("soap:Header", Element(
            "ecp:RelayState xmlns:ecp=\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\" soap:actor=\"http://schemas.xmlsoap.org/soap/actor/next\" "
            + "soap:mustUnderstand=\"1\"", Text($"{relayStatePrefix}{Guid.NewGuid():N}"))),
        Element("soap:Body", response));
}
