namespace Appliance.Agent.Commands;

/// <summary><c>appliance-agent destroy</c>: the machine as it was before the agent. Repeatable; what is not there is no failure.</summary>
internal static class DestroyCommand
{
    public static async Task<int> RunAsync(AgentOptions options)
    {
        if (!Directory.Exists(options.DataFolder))
        {
            Console.WriteLine($"{options.DataFolder} does not exist: nothing to destroy");
            return 0;
        }

        using (DataFolder.Open(options.DataFolder))
        {
            await Task.CompletedTask;
            Directory.Delete(options.DataFolder, recursive: true);
        }

        return 0;
    }
}
