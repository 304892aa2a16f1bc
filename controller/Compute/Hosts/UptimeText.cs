using Appliance.Protocol.Link;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>The line of uptime(1), which Nova passes on and clients take apart.</summary>
internal static class UptimeText
{
    /// <param name="now">The time of day it begins with.</param>
    public static string Of(HostUptimeResult host, DateTimeOffset now)
    {
        var up = TimeSpan.FromSeconds(host.UptimeSeconds);
        var days = up.Days switch { 0 => "", 1 => "1 day, ", var many => $"{many} days, " };
        var rest = up.Hours > 0 ? $"{up.Hours,2}:{up.Minutes:00}" : $"{up.Minutes} min";
        var users = host.Users == 1 ? "1 user" : $"{host.Users} users";
        return string.Create(CultureInfo.InvariantCulture,
            $" {now:HH:mm:ss} up {days}{rest},  {users},  load average: {string.Join(", ", host.Load.Select(Average))}");
    }

    private static string Average(double load) => load.ToString("0.00", CultureInfo.InvariantCulture);
}
