using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Resources;

/// <summary>
/// A kind of resource as the shared routes see it: its attribute map, its table, who may see what, and what creating, changing and deleting
/// one means. A new resource is one of these and a line in <see cref="NetworkingService"/>.
/// </summary>
internal abstract class ResourceKind<T>(NetworkingContext context) where T : Resource
{
    protected NetworkingContext Context => context;

    /// <summary>Singular, as in bodies and policy rules: <c>security_group</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Plural, as in bodies.</summary>
    public virtual string Collection => Name + "s";

    /// <summary>As in URLs, with slash: <c>/security-groups</c>.</summary>
    public string Path => "/" + Collection.Replace('_', '-');

    public abstract AttributeTable<T> Attributes { get; }
    public abstract ResourceTable<T> Table { get; }

    /// <summary>Whether it has tags (<c>/networks/{id}/tags</c>).</summary>
    public virtual bool HasTags => true;

    public abstract Fault NotFound(string id);

    /// <summary>Which rows a caller without the admin role sees; <c>@caller_project</c> is bound.</summary>
    public virtual string VisibleCondition => "r.project_id = @caller_project";

    /// <summary>Fills in what other tables know of the items.</summary>
    public virtual Task<List<T>> CompleteAsync(Session tx, List<T> items, CancellationToken ct) => Task.FromResult(items);

    /// <summary>Runs before a list is read, in a write transaction when it answers true (default security groups come to be on first sight).</summary>
    public virtual Task PrepareListAsync(Caller caller, CancellationToken ct) => Task.CompletedTask;

    public abstract Task<Outcome<T>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct);

    /// <summary>Only called when the policy <c>update_x</c> exists; a kind without it (security group rules) has no PUT.</summary>
    public virtual Task<Outcome<T>> UpdateAsync(Session tx, Requester requester, T current, AttributeValues changes, CancellationToken ct) =>
        throw new InvalidOperationException($"a {Name} cannot be updated");

    public abstract Task<Fault?> DeleteAsync(Session tx, Requester requester, T current, CancellationToken ct);

    /// <summary>Policies of parts of attributes, such as <c>create_router:external_gateway_info:enable_snat</c>.</summary>
    public virtual Fault? CheckParts(string action, Caller caller, AttributeValues values) => null;

    /// <summary>The item when the caller may see it.</summary>
    public async Task<T?> FindAsync(Session tx, Caller caller, string id, CancellationToken ct)
    {
        var condition = new SqlCondition().And("r.id = @id");
        condition.Bind("id", id);
        Restrict(condition, caller);
        var item = await tx.FindAsync(Table.Select + condition.Where, Table.Map, ct, condition.Parameters);
        return item is null ? null : (await CompleteAsync(tx, [item], ct))[0];
    }

    public async Task<Outcome<List<T>>> ListAsync(Session tx, Caller caller, ListQuery query, CancellationToken ct)
    {
        var condition = new SqlCondition();
        Restrict(condition, caller);
        if (query.Apply(condition, Attributes) is { } fault)
            return fault;
        if (query.Marker is { } marker && await FindAsync(tx, caller, marker, ct) is null)
            return NotFound(marker);
        query.ApplyMarker(condition, Table.Name);

        var items = await tx.ListAsync(Table.Select + condition.Where + query.OrderBy, Table.Map, ct, condition.Parameters);
        if (query.IsReverse)
            items.Reverse();
        return await CompleteAsync(tx, items, ct);
    }

    /// <summary>A new item's standard attributes from a body.</summary>
    protected T Begin(T item, AttributeValues values)
    {
        var now = context.Clock.GetUtcNow();
        return item with
        {
            Id = Guid.NewGuid().ToString(),
            ProjectId = values.Text("project_id", ""),
            Name = values.Text("name", ""),
            Description = values.Text("description", ""),
            CreatedAt = now,
            UpdatedAt = now,
            RevisionNumber = 1,
        };
    }

    /// <summary>The standard attributes of a change, and the next revision.</summary>
    protected T Change(T current, AttributeValues changes) => Touch(current) with
    {
        Name = changes.Text("name", current.Name),
        Description = changes.Text("description", current.Description),
    };

    /// <summary>The next revision, as of now.</summary>
    public T Touch(T current) => current with { UpdatedAt = context.Clock.GetUtcNow(), RevisionNumber = current.RevisionNumber + 1 };

    private void Restrict(SqlCondition condition, Caller caller)
    {
        if (caller.IsAdmin)
            return;
        condition.Bind("caller_project", caller.ProjectId ?? "");
        condition.And(VisibleCondition);
    }
}
