using CsCheck;

namespace Tspm.Daemon.Tests;

/// <summary>Generators of texts.</summary>
internal static class Texts
{
    /// <summary>One of these.</summary>
    public static Gen<string> OneOf(params string[] choices) =>
        Gen.Int[0, choices.Length - 1].Select(i => choices[i]);
}
