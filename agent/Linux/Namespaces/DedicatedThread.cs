using System.Runtime.ExceptionServices;

namespace Appliance.Linux.Namespaces;

/// <summary>A thread for work that changes what the kernel keeps per thread (its namespaces): it ends with the work, never back in a pool.</summary>
internal static class DedicatedThread
{
    public static T Run<T>(string name, Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        })
        {
            Name = name,
            IsBackground = true,
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
