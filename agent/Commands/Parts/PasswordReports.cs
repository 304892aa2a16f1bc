using System.Collections.Concurrent;
using System.Text.Json;
using Appliance.Agent.Metadata;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Commands.Parts;

/// <summary>Tells the controller the passwords that guests have posted, as a part of the statuses of their servers.</summary>
/// <param name="report">Takes the completed statuses.</param>
internal sealed class PasswordReports
{
    private readonly ConcurrentDictionary<string, ObjectStatus> _latest = new();
    private readonly PasswordStore _passwords;
    private readonly Action<ObjectStatus> _report;

    public PasswordReports(PasswordStore passwords, Action<ObjectStatus> report)
    {
        (_passwords, _report) = (passwords, report);
        passwords.Changed += id =>
        {
            if (_latest.TryGetValue(id, out var status))
                Complete(status);
        };
    }

    /// <summary>Takes what is known of a server without its password.</summary>
    public void Report(ObjectStatus status)
    {
        _latest[status.Id] = status;
        Complete(status);
    }

    /// <summary>Forgets a server that is gone.</summary>
    public void Remove(string serverId) => _latest.TryRemove(serverId, out _);

    private void Complete(ObjectStatus status)
    {
        if (status.Details is { } json && _passwords.Find(status.Id) is { } password)
        {
            var details = json.Deserialize(ProtocolJson.Default.ServerStatusDetails)! with { GuestPassword = password.Text, PasswordEpoch = password.Epoch };
            status = status with { Details = JsonSerializer.SerializeToElement(details, ProtocolJson.Default.ServerStatusDetails) };
        }

        _report(status);
    }
}
