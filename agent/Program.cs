using Appliance.Agent.Commands;
using Appliance.Agent.Jail;

return JailCommand.Matches(args) ? JailCommand.Run(args) : await AgentCommands.RunAsync(args);
