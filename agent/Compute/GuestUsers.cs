namespace Appliance.Agent.Compute;

/// <summary>
/// Gives each server with a process a user id of its own, so that a guest that breaks out of its process owns nothing of another's.
/// The ids are kept in the servers' states; this is the index over them.
/// </summary>
/// <param name="first">First user id of the range.</param>
/// <param name="count">Size of the range.</param>
internal sealed class GuestUsers(int first, int count)
{
    private readonly Lock _lock = new();
    private readonly HashSet<int> _taken = [];

    /// <summary>Notes an id that a server's state has.</summary>
    public void Occupy(int userId)
    {
        lock (_lock)
            _taken.Add(userId);
    }

    /// <summary>The lowest free id; null when all are taken.</summary>
    public int? TryTake()
    {
        lock (_lock)
        {
            for (var id = first; id < first + count; id++)
            {
                if (_taken.Add(id))
                    return id;
            }
        }

        return null;
    }

    /// <summary>Gives an id back, once nothing of its owner is left.</summary>
    public void Release(int userId)
    {
        lock (_lock)
            _taken.Remove(userId);
    }
}
