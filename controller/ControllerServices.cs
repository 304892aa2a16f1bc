using Appliance.Controller.Compute;
using Appliance.Controller.Http;
using Appliance.Controller.Identity;
using Appliance.Controller.Images;

namespace Appliance.Controller;

/// <summary>Composition: which services this controller has, and what each is given of the others.</summary>
internal sealed class ControllerServices
{
    public ControllerServices(Platform platform, SiteCertificates certificates)
    {
        var identity = new IdentityApi(platform, () => All!);
        Tokens = identity.Tokens;
        Images = new ImagesApi(platform);
        var compute = new ComputeApi(platform, new ComputeNeighbours(new ProjectDirectory(platform.Database)));
        All = [identity, Images, compute];
    }

    /// <summary>In start order: a service comes after those it asks.</summary>
    public IReadOnlyList<ApiService> All { get; }

    public ITokenValidator Tokens { get; }

    public ImagesApi Images { get; }

    /// <summary>Endpoints that are no OpenStack API: the node link, the console.</summary>
    public static void MapOthers(IEndpointRouteBuilder endpoints)
    {
    }
}
