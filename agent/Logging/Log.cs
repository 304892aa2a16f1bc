using System.Runtime.CompilerServices;

namespace Appliance.Agent.Logging;

/// <summary>How much an operator wants to read; lines below the chosen level are not even composed.</summary>
internal enum LogLevel
{
    Debug,
    Information,
    Warning,
    Error,
}

/// <summary>
/// The agent's log: one line an event to one writer, <c>{UTC time} {level} {area}: {text}</c>. Own and small, because the usual logging package
/// costs more memory than all of a node's documents. Never put keys, tokens or user data into a line.
/// </summary>
internal sealed class Log
{
    private readonly TextWriter _output;
    private readonly TimeProvider _clock;
    private readonly string _area;
    private readonly Lock _writing;
    private readonly LogLevel _minimum;

    public Log(TextWriter output, LogLevel minimum, TimeProvider clock)
        : this(output, minimum, clock, "agent", new Lock())
    {
    }

    private Log(TextWriter output, LogLevel minimum, TimeProvider clock, string area, Lock writing) =>
        (_output, _minimum, _clock, _area, _writing) = (output, minimum, clock, area, writing);

    /// <summary>Writes nowhere; for tests and tools.</summary>
    public static Log Silent { get; } = new(TextWriter.Null, LogLevel.Error, TimeProvider.System);

    /// <summary>The same log for one concern, such as <c>link</c>.</summary>
    public Log For(string area) => new(_output, _minimum, _clock, area, _writing);

    public bool IsEnabled(LogLevel level) => level >= _minimum;

    /// <summary>For following one thing through the code; the text is composed only when the level is enabled.</summary>
    public void Debug([InterpolatedStringHandlerArgument("")] ref DebugText text)
    {
        if (IsEnabled(LogLevel.Debug))
            Write("debug", text.ToStringAndClear());
    }

    public void Information(string text)
    {
        if (IsEnabled(LogLevel.Information))
            Write("info ", text);
    }

    /// <summary>Something an operator may have to look at; the agent goes on.</summary>
    public void Warning(string text, Exception? cause = null)
    {
        if (IsEnabled(LogLevel.Warning))
            Write("warn ", Describe(text, cause));
    }

    /// <summary>Something is broken until somebody acts: the text says what to do next.</summary>
    public void Error(string text, Exception? cause = null) => Write("error", Describe(text, cause));

    // Messages of the causes, outermost first: they say what failed. The stack is for developers, so only at debug level.
    private string Describe(string text, Exception? cause)
    {
        if (cause is null)
            return text;
        if (IsEnabled(LogLevel.Debug))
            return $"{text}: {cause}";

        for (var e = cause; e is not null; e = e.InnerException)
            text = $"{text}: {e.Message}";
        return text;
    }

    private void Write(string level, string text)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{_clock.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {level} {_area}: {text}");
        lock (_writing)
            _output.WriteLine(line);
    }

    /// <summary>Composes the text of a debug line only when somebody reads it.</summary>
    [InterpolatedStringHandler]
    internal ref struct DebugText
    {
        private DefaultInterpolatedStringHandler _text;
        private readonly bool _isEnabled;

        public DebugText(int literalLength, int formattedCount, Log log, out bool isEnabled)
        {
            isEnabled = _isEnabled = log.IsEnabled(LogLevel.Debug);
            _text = isEnabled ? new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture) : default;
        }

        public void AppendLiteral(string value) => _text.AppendLiteral(value);
        public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);
        public void AppendFormatted<T>(T value, string? format) => _text.AppendFormatted(value, format);
        public string ToStringAndClear() => _isEnabled ? _text.ToStringAndClear() : "";
    }
}
