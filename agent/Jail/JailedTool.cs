using System.Text;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Jail;

/// <summary>Runs a tool of the machine (qemu-img, mkfs) on hostile bytes to its end, in a jail.</summary>
internal static class JailedTool
{
    /// <summary>A tool's output beyond this is cut off.</summary>
    private const int MaxOutputBytes = 256 * 1024;

    private const int SIGKILL = 9;

    /// <summary>
    /// Runs the program and returns what it wrote. Files reach it as descriptors: name them <see cref="PathOf"/> in the arguments. A cancelled
    /// call has killed and awaited the tool when it throws.
    /// </summary>
    /// <param name="files">Stay the caller's.</param>
    public static async Task<ToolResult> RunAsync(
        JailOptions options, JailRules rules, IReadOnlyList<string> program, IReadOnlyList<Fd> files, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var result = new TaskCompletionSource<ToolResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        // A thread of its own, not of the pool: the tool dies with the thread that started it.
        var thread = new Thread(() =>
        {
            try
            {
                result.SetResult(Run(options, rules, program, files, ct));
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        })
        {
            Name = Path.GetFileName(program[0]),
            IsBackground = true,
        };
        thread.Start();
        var done = await result.Task;
        ct.ThrowIfCancellationRequested();
        return done;
    }

    /// <summary>The path under which a tool opens its file number <paramref name="index"/>; works without rights to the folders above it.</summary>
    public static string PathOf(int index) => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{Spawn.NumberOf(index)}");

    private static ToolResult Run(
        JailOptions options, JailRules rules, IReadOnlyList<string> program, IReadOnlyList<Fd> files, CancellationToken ct)
    {
        // Memory files instead of pipes: whatever the tool writes, it never waits for this side.
        using var output = MemoryFiles.Create("tool output");
        using var error = MemoryFiles.Create("tool errors");
        var processId = Spawn.Start(rules.ToArguments(options.Launcher, files.Count, isGated: false, program), options.LauncherEnvironment, output, error, files);
        using var process = PidFd.Open(processId);
        using (ct.Register(() => PidFd.Signal(process!, SIGKILL)))
        {
            var end = ChildProcess.Wait(processId) ?? new ProcessEnd(WasSignalled: true, Code: 0);
            return new ToolResult(end, Read(output), Read(error));
        }
    }

    private static string Read(Fd file)
    {
        var bytes = new byte[MaxOutputBytes];
        using var again = Files.Open($"/proc/self/fd/{file.Number}", Files.O_RDONLY);
        var length = 0;
        while (length < bytes.Length && Files.TryRead(again, bytes.AsSpan(length), out var read) && read > 0)
            length += read;
        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}

/// <summary>What became of a tool.</summary>
internal sealed record ToolResult(ProcessEnd End, string Output, string Error);
