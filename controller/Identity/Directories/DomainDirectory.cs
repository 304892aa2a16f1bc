using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Directories;

/// <summary>The directory that a domain's people live in.</summary>
/// <param name="ListLimit">Most that a list shows; null: no limit. <c>[identity] list_limit</c></param>
internal sealed record DomainDirectory(string DomainId, LdapDirectory Ldap, int? ListLimit)
{
    public string UserId(DirectoryUser user) => DirectoryMirror.PublicId(DomainId, "user", user.LocalId);

    public string GroupId(DirectoryGroup group) => DirectoryMirror.PublicId(DomainId, "group", group.LocalId);

    /// <summary>Under their public ids; two entries of one id, which no directory should have, are the first.</summary>
    public List<User> Name(IEnumerable<DirectoryUser> users) =>
        [.. users.Select(user => user.ToUser(UserId(user), DomainId)).DistinctBy(static user => user.Id)];

    /// <inheritdoc cref="Name(IEnumerable{DirectoryUser})"/>
    public List<Group> Name(IEnumerable<DirectoryGroup> groups) =>
        [.. groups.Select(group => group.ToGroup(GroupId(group), DomainId)).DistinctBy(static group => group.Id)];
}
