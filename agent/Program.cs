using Appliance.Agent.Jail;

if (JailCommand.Matches(args))
    return JailCommand.Run(args);

Console.WriteLine("appliance-agent");
return 0;
