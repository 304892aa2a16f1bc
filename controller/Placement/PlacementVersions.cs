using Appliance.Controller.Http;

namespace Appliance.Controller.Placement;

/// <summary>The microversions of Placement, each with what it changed (placement/rest_api_version_history.rst).</summary>
internal static class PlacementVersions
{
    public static readonly Microversion Min = new(1, 0);
    public static readonly Microversion Max = new(1, 39);
    public static readonly MicroversionRange Range = new("placement", Min, Max);

    public static readonly Microversion Aggregates = new(1, 1);
    public static readonly Microversion ResourceClasses = new(1, 2);
    public static readonly Microversion MemberOf = new(1, 3);
    public static readonly Microversion ResourcesFilter = new(1, 4);
    public static readonly Microversion DeleteInventories = new(1, 5);
    public static readonly Microversion Traits = new(1, 6);

    /// <summary>Naming a resource class creates it; before, its body renamed one.</summary>
    public static readonly Microversion PutResourceClass = new(1, 7);

    /// <summary>Allocations name project and user.</summary>
    public static readonly Microversion ConsumerOwner = new(1, 8);
    public static readonly Microversion Usages = new(1, 9);
    public static readonly Microversion Candidates = new(1, 10);
    public static readonly Microversion AllocationLinks = new(1, 11);

    /// <summary>Allocations are written in the form they are read in: an object by provider.</summary>
    public static readonly Microversion AllocationsByProvider = new(1, 12);
    public static readonly Microversion ManyAllocations = new(1, 13);
    public static readonly Microversion Trees = new(1, 14);

    /// <summary><c>Last-Modified</c> and <c>Cache-Control</c> headers.</summary>
    public static readonly Microversion CacheHeaders = new(1, 15);
    public static readonly Microversion CandidateLimit = new(1, 16);
    public static readonly Microversion CandidateTraits = new(1, 17);
    public static readonly Microversion RequiredTraits = new(1, 18);

    /// <summary>Aggregates are changed with the provider's generation.</summary>
    public static readonly Microversion AggregateGeneration = new(1, 19);

    /// <summary>Creating a provider answers it.</summary>
    public static readonly Microversion CreatedProvider = new(1, 20);
    public static readonly Microversion CandidateMemberOf = new(1, 21);
    public static readonly Microversion ForbiddenTraits = new(1, 22);

    /// <summary>Errors carry a code.</summary>
    public static readonly Microversion ErrorCodes = new(1, 23);
    public static readonly Microversion ManyMemberOf = new(1, 24);

    /// <summary>Candidates by several groups of resources, each from one provider: <c>resources1</c>, <c>required1</c>.</summary>
    public static readonly Microversion Groups = new(1, 25);

    /// <summary>All of an inventory may be reserved.</summary>
    public static readonly Microversion ReservedIsTotal = new(1, 26);

    /// <summary>Summaries of candidates show every class, not only those asked for.</summary>
    public static readonly Microversion AllClassesInSummaries = new(1, 27);

    /// <summary>Allocations are changed with the consumer's generation, and an empty object takes them away.</summary>
    public static readonly Microversion ConsumerGeneration = new(1, 28);

    /// <summary>A candidate may take from several providers of one tree.</summary>
    public static readonly Microversion NestedCandidates = new(1, 29);
    public static readonly Microversion Reshaper = new(1, 30);
    public static readonly Microversion CandidateInTree = new(1, 31);
    public static readonly Microversion ForbiddenAggregates = new(1, 32);

    /// <summary>Groups have names instead of numbers.</summary>
    public static readonly Microversion NamedGroups = new(1, 33);

    /// <summary>Candidates say which provider satisfies which group.</summary>
    public static readonly Microversion Mappings = new(1, 34);
    public static readonly Microversion RootRequired = new(1, 35);

    /// <summary>Groups may have to be in one subtree, and then may ask for no resources.</summary>
    public static readonly Microversion SameSubtree = new(1, 36);

    /// <summary>A provider can get another parent, or none.</summary>
    public static readonly Microversion Reparenting = new(1, 37);
    public static readonly Microversion ConsumerType = new(1, 38);

    /// <summary><c>required=in:A,B</c>: one of several traits; and <c>required</c> may repeat.</summary>
    public static readonly Microversion AnyTraits = new(1, 39);
}
