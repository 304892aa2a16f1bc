namespace Appliance.Controller.Http;

/// <summary>What went wrong, without a status code: each service's <c>…Faults.cs</c> decides that.</summary>
internal enum FaultKind
{
    Invalid,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    WrongState,
    Conflict,
    Gone,
    PreconditionFailed,
    TooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    OverQuota,
    OverRate,
    Internal,
    Unavailable,
}

/// <param name="Public">Shown to the tenant: no host names, paths or SQL. <paramref name="Internal"/> goes to the log only.</param>
/// <param name="Code">The service's own name of the error where clients match on one: Neutron's <c>type</c>, Placement's <c>code</c>.</param>
internal sealed record Fault(FaultKind Kind, string Public, string? Internal = null, string? Code = null);
