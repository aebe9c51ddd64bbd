namespace Tspm.Cli.CommandLine;

/// <summary>One command: what it is called, what it takes, what it does.</summary>
internal sealed record CommandSpec
{
    /// <summary>Its name and its other names.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The heading of help under which it stands; null hides it.</summary>
    public string? Group { get; init; }

    /// <summary>What comes after the name, for help.</summary>
    public string Arguments { get; init; } = "";

    /// <summary>One line.</summary>
    public required string Help { get; init; }

    /// <summary>More lines.</summary>
    public string Details { get; init; } = "";

    /// <summary>Command lines that show it.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Its own options.</summary>
    public IReadOnlyList<OptionSpec> Options { get; init; } = [];

    /// <summary>The most arguments; −1 for any number.</summary>
    public int MaxArguments { get; init; } = -1;

    /// <summary>False for what must work with a settings file that is wrong.</summary>
    public bool UsesSettings { get; init; } = true;

    /// <summary>Commands below it.</summary>
    public IReadOnlyList<CommandSpec> Subcommands { get; init; } = [];

    /// <summary>Does it; the exit code. Null for a command that only has commands below it.</summary>
    public Func<Invocation, Task<int>>? Run { get; init; }
}
