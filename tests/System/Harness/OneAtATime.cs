// Every test has the machine's ports, bridges and guests to itself.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
