using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Xunit.Sdk;

namespace Tspm.Integration.Tests;

/// <summary>What a test has failed with before its home was cleaned up: C# shows only the last of two exceptions.</summary>
internal static class LastFailure
{
    private static readonly ConcurrentDictionary<string, string> Failures = new();

    /// <summary>For the message of another failure.</summary>
    public static string OfThisTest() =>
        Failures.TryGetValue(Key(), out var text)
            ? $"before that the test failed: {text}"
            : "the test itself had not failed";

#pragma warning disable CA2255 // An assembly of tests is a program, and nothing else begins earlier.
    [ModuleInitializer]
    internal static void Begin() =>
        AppDomain.CurrentDomain.FirstChanceException += (_, thrown) =>
        {
            if (thrown.Exception is IAssertionException or TimeoutException && Key() is { } key)
            {
                Failures[key] = thrown.Exception.Message;
            }
        };
#pragma warning restore CA2255

    private static string Key() => TestContext.Current.Test?.UniqueID ?? "";
}
