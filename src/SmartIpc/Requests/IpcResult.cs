using System.Diagnostics.CodeAnalysis;

namespace SmartIpc.Requests;

/// <summary>A value or an expected no.</summary>
/// <typeparam name="T">The type of the value.</typeparam>
public readonly struct IpcResult<T>
{
    private readonly T? _value;

    /// <summary>Makes a result with a value.</summary>
    /// <param name="value">The value.</param>
    public IpcResult(T value)
    {
        _value = value;
        Error = null;
    }

    /// <summary>Makes a result without a value.</summary>
    /// <param name="error">Why there is none.</param>
    public IpcResult(IpcError error)
    {
        ArgumentNullException.ThrowIfNull(error);
        _value = default;
        Error = error;
    }

    /// <summary>Why there is no value, or null.</summary>
    public IpcError? Error { get; }

    /// <summary>Gives the value, if there is one.</summary>
    /// <param name="value">The value.</param>
    /// <param name="error">Why there is none.</param>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out IpcError? error)
    {
        value = _value;
        error = Error;
        return error is null;
    }

    /// <summary>A value is a result.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator IpcResult<T>(T value) => new(value);

    /// <summary>An error is a result.</summary>
    /// <param name="error">The error.</param>
    public static implicit operator IpcResult<T>(IpcError error) => new(error);
}
