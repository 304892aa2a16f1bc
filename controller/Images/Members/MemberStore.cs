using Appliance.Controller.Data;

namespace Appliance.Controller.Images.Members;

/// <summary>A project that a shared image is offered to.</summary>
/// <param name="Status"><c>pending</c>, <c>accepted</c> or <c>rejected</c>: the member's own decision whether lists show the image.</param>
internal sealed record Member(string ImageId, string MemberId, string Status, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Rows of image members.</summary>
internal static class MemberStore
{
    private const string Columns = "image_id, member_id, status, created_at, updated_at";

    public static Task<Member?> FindAsync(Session tx, string imageId, string memberId, CancellationToken ct) => tx.FindAsync(
        $"SELECT {Columns} FROM image_members WHERE image_id = @image AND member_id = @member",
        Map, ct, ("image", imageId), ("member", memberId));

    public static Task<List<Member>> ListAsync(Session tx, string imageId, CancellationToken ct) => tx.ListAsync(
        $"SELECT {Columns} FROM image_members WHERE image_id = @image ORDER BY created_at, member_id", Map, ct, ("image", imageId));

    /// <summary>Images shared with a project, by the state it has put them in (<c>all</c>: any).</summary>
    public static async Task<HashSet<string>> ListImageIdsAsync(Session tx, string memberId, string status, CancellationToken ct) =>
        [.. await tx.ListAsync(
            "SELECT image_id FROM image_members WHERE member_id = @member AND (@status = 'all' OR status = @status)",
            static row => row.String(0), ct, ("member", memberId), ("status", status))];

    public static async Task<bool> InsertAsync(Session tx, Member member, CancellationToken ct) => await tx.ExecuteAsync(
        $"INSERT INTO image_members ({Columns}) VALUES (@image, @member, @status, @created, @updated) ON CONFLICT DO NOTHING",
        ct, ("image", member.ImageId), ("member", member.MemberId), ("status", member.Status), ("created", member.CreatedAt),
        ("updated", member.UpdatedAt)) == 1;

    public static Task UpdateAsync(Session tx, Member member, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE image_members SET status = @status, updated_at = @updated WHERE image_id = @image AND member_id = @member",
        ct, ("image", member.ImageId), ("member", member.MemberId), ("status", member.Status), ("updated", member.UpdatedAt));

    public static async Task<bool> DeleteAsync(Session tx, string imageId, string memberId, CancellationToken ct) => await tx.ExecuteAsync(
        "DELETE FROM image_members WHERE image_id = @image AND member_id = @member", ct, ("image", imageId), ("member", memberId)) == 1;

    private static Member Map(Row row) => new(row.String(0), row.String(1), row.String(2), row.Instant(3), row.Instant(4));
}
