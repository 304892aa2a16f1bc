namespace Appliance.Controller.Http;

/// <summary>
/// Something outside of this process that a request needs does not do its part: no bug, and nothing that code in between could decide about.
/// The request is answered with the fault; its <see cref="Http.Fault.Internal"/> is logged in one line.
/// </summary>
internal abstract class FaultException(string message, Exception? inner) : Exception(message, inner)
{
    public abstract Fault Fault { get; }
}
