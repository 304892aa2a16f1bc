using Appliance.VmmProgram;

return VmmCommands.Run(args);
