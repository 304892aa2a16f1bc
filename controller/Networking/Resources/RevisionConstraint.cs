using Appliance.Controller.Http;
using Microsoft.Extensions.Primitives;

namespace Appliance.Controller.Networking.Resources;

/// <summary><c>If-Match: revision_number=n</c>: change it only while it is at this revision. Source: neutron/api/api_common.py, services/revisions.</summary>
internal static class RevisionConstraint
{
    private const string Prefix = "revision_number=";

    public static Fault? Check(StringValues ifMatch, long revisionNumber)
    {
        var asked = ifMatch.Where(static text => text is not null).SelectMany(static text => text!.Split(','))
            .Select(static tag => tag.Trim().Trim('"')).Where(static tag => tag.StartsWith(Prefix, StringComparison.Ordinal)).ToList();
        if (asked.Count == 0)
            return null;
        if (asked.Count > 1)
            return NeutronErrors.Invalid("BadRequest", "Bad if-match request: Multiple revision_number etags are not supported..");
        if (!long.TryParse(asked[0][Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var wanted))
            return NeutronErrors.Invalid("BadRequest", "Bad if-match request: Revision number was not an integer: " + asked[0][Prefix.Length..] + ".");
        return wanted == revisionNumber ? null : new Fault(
            FaultKind.PreconditionFailed, $"Constrained to {wanted}, but current revision is {revisionNumber}", Code: "RevisionNumberConstraintFailed");
    }
}
