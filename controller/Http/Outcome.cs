using System.Diagnostics.CodeAnalysis;

namespace Appliance.Controller.Http;

/// <summary>A value, or the <see cref="Http.Fault"/> that stands in its way. Both convert implicitly.</summary>
internal readonly struct Outcome<T>
{
    private readonly T? _value;

    private Outcome(T? value, Fault? fault)
    {
        _value = value;
        Fault = fault;
    }

    public Fault? Fault { get; }

    [MemberNotNullWhen(true, nameof(Fault))]
    public bool IsFault => Fault is not null;

    /// <exception cref="InvalidOperationException">It is a fault: ask <see cref="Failed"/> first.</exception>
    public T Value => Fault is null ? _value! : throw new InvalidOperationException($"no value: {Fault.Public}");

    /// <summary>Takes the outcome apart: true with the fault, or false with the value.</summary>
    public bool Failed([NotNullWhen(true)] out Fault? fault, [NotNullWhen(false)] out T? value)
    {
        fault = Fault;
        value = _value;
        return fault is not null;
    }

    /// <summary>For interfaces, which do not convert implicitly: <see cref="Outcome.Of"/>.</summary>
    internal static Outcome<T> Of(T value) => new(value, null);

    public static implicit operator Outcome<T>(T value) => new(value, null);
    public static implicit operator Outcome<T>(Fault fault) => new(default, fault);
}

/// <summary>Outcomes of types that do not convert implicitly.</summary>
internal static class Outcome
{
    public static Outcome<T> Of<T>(T value) => Outcome<T>.Of(value);
}
