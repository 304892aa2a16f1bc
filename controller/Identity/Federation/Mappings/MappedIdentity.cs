namespace Appliance.Controller.Identity.Federation.Mappings;

/// <summary>Something named by id, or by name within a domain, in the local part of a rule.</summary>
internal sealed record MappedName(string? Id, string? Name, string? DomainId, string? DomainName);

/// <summary>A project that the user is to have roles in; made when it is not there.</summary>
/// <param name="Project">Without a domain: in the provider's.</param>
internal sealed record MappedProject(MappedName Project, IReadOnlyList<string> RoleNames);

/// <summary>What the rules of a mapping make of an assertion.</summary>
/// <param name="User">Null: no rule said who it is.</param>
/// <param name="IsLocal">A user there is already; else one that lives by the provider's word.</param>
/// <param name="SyncsProjects">The user has no roles in projects but these.</param>
internal sealed record MappedIdentity(
    MappedName? User, string? Email, bool IsLocal, IReadOnlyList<MappedName> Groups, IReadOnlyList<MappedProject> Projects,
    bool SyncsProjects);
