using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>
/// The directory cannot be reached, does not speak LDAP, does not answer in time, or refuses what it must answer. Keystone answers each with
/// a 500. Source: keystone/exception.py, LDAPServerConnectionError and its neighbours.
/// </summary>
/// <param name="isConnectionLost">The connection broke: another may do better.</param>
internal sealed class LdapException(string message, bool isConnectionLost = false, Exception? inner = null) : FaultException(message, inner)
{
    public bool IsConnectionLost => isConnectionLost;

    /// <summary>What may be told to whoever asked.</summary>
    public string Public { get; init; } = "An unexpected error prevented the server from fulfilling your request.";

    public override Fault Fault => new(FaultKind.Internal, Public, Message);
}
