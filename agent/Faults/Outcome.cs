using System.Diagnostics.CodeAnalysis;

namespace Appliance.Agent.Faults;

/// <summary>Either what was asked for or the <see cref="Fault"/> that prevented it.</summary>
internal readonly struct Outcome<T>
    where T : notnull
{
    private readonly T? _value;
    private readonly Fault? _fault;

    private Outcome(T? value, Fault? fault) => (_value, _fault) = (value, fault);

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Fault fault) => new(default, fault);

    /// <summary>For an interface as <typeparamref name="T"/>, from which the language converts nothing.</summary>
    public static Outcome<T> Of(T value) => new(value, null);

    /// <summary>True when there is a fault; otherwise the value is there.</summary>
    public bool Failed([NotNullWhen(true)] out Fault? fault, [NotNullWhen(false)] out T? value)
    {
        (fault, value) = (_fault, _value);
        return fault is not null;
    }
}
