using Appliance.Controller.Audit;
using Appliance.Controller.Compute;
using Appliance.Controller.Http;
using Appliance.Controller.Identity;
using Appliance.Controller.Images;
using Appliance.Controller.Link;
using Appliance.Controller.Networking;
using Appliance.Controller.Placement;

namespace Appliance.Controller;

/// <summary>Composition: which services this controller has, and what each is given of the others.</summary>
internal sealed class ControllerServices
{
    private readonly SiteCertificates _certificates;

    public ControllerServices(Platform platform, SiteCertificates certificates)
    {
        _certificates = certificates;
        Link = new LinkService(platform, certificates);
        var identity = new IdentityApi(platform, () => All!);
        Tokens = identity.Tokens;
        Images = new ImagesApi(platform);
        Networking = new NetworkingApi(platform, Link.Nodes, Link.Desired);
        var placement = new PlacementApi(platform);
        Compute = new ComputeApi(platform, new ComputeNeighbours(
            new ProjectDirectory(platform.Database), new ImagesForServers(), Networking.Servers, placement.Claims, Link.Nodes, Link.Desired));
        Link.Add(placement.Nodes);
        Link.Add((INodeWatcher)Compute.Sink);
        Link.Add((IStatusSink)Compute.Sink);
        Link.Add((INodeWatcher)Networking.Statuses);
        Link.Add((IStatusSink)Networking.Statuses);
        Link.Use(Images);
        All = [new AuditApi(platform), identity, Images, Networking, placement, Compute];
    }

    /// <summary>In start order: a service comes after those it asks.</summary>
    public IReadOnlyList<ApiService> All { get; }

    public ITokenValidator Tokens { get; }

    public ImagesApi Images { get; }

    public NetworkingApi Networking { get; }

    public ComputeApi Compute { get; }

    /// <summary>The nodes: services put documents, hear statuses and ask nodes through it.</summary>
    public LinkService Link { get; }

    /// <summary>Endpoints that are no OpenStack API: the node link, the console.</summary>
    public void MapOthers(IEndpointRouteBuilder endpoints)
    {
        LinkRoutes.Map(endpoints, Link, _certificates);
        Compute.MapConsoles(endpoints);
    }
}
