namespace Appliance.Agent.Tests;

public class SmokeTests { [Fact] public void Runs() => Assert.True(Environment.ProcessId > 0); }
