using Appliance.Controller.Data;
using Appliance.Controller.Identity;

namespace Appliance.Controller.Tests.Identity.Directories;

public class DirectorySchemaTests
{
    [Fact]
    public async Task Users_and_groups_of_an_older_build_are_still_there()
    {
        var ct = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("appliance-schema-").FullName;
        await using (var database = new Database(Path.Combine(folder, "appliance.db")))
        {
            var before = IdentitySchema.Tables with { Steps = [.. IdentitySchema.Tables.Steps.TakeWhile(static step => !step.Contains("identity_directory_ids", StringComparison.Ordinal))] };
            await database.OpenAsync([before], ct);
            await database.WriteAsync(async (tx, token) =>
            {
                await tx.ExecuteAsync(
                    """
                    INSERT INTO identity_users (id, domain_id, name, enabled, options, extra, password_hash, created_at, tokens_valid_from, password_self_service)
                    VALUES ('u', 'd', 'ann', 1, '{"a":1}', '{}', 'hash', 7, 8, 1)
                    """, token);
                await tx.ExecuteAsync("INSERT INTO identity_groups (id, domain_id, name, description, extra) VALUES ('g', 'd', 'staff', 'x', '{}')", token);
            }, ct);
        }

        await using (var database = new Database(Path.Combine(folder, "appliance.db")))
        {
            await database.OpenAsync([IdentitySchema.Tables], ct);
            var user = await database.ReadAsync((tx, token) => tx.FindAsync(
                "SELECT name || options || password_hash || created_at || tokens_valid_from || password_self_service || mirrored FROM identity_users WHERE id = 'u'",
                static row => row.String(0), token), ct);
            var group = await database.ReadAsync((tx, token) => tx.FindAsync(
                "SELECT name || description || mirrored FROM identity_groups WHERE id = 'g'", static row => row.String(0), token), ct);
            Assert.Equal(("""ann{"a":1}hash781""", "staffx"), (user, group));
        }

        Directory.Delete(folder, recursive: true);
    }
}
