using Appliance.Controller;

return await ControllerCommands.RunAsync(args);
