using SmartIpc.Client;
using Tspm.Cli.CommandLine;
using Tspm.Cli.FullScreen.Driver;
using Tspm.Cli.FullScreen.Model;
using Tspm.Cli.Terminal;

namespace Tspm.Cli.Commands;

/// <summary><c>ui</c>: the full-screen view.</summary>
internal static class UiCommand
{
    /// <summary>Runs it.</summary>
    public static async Task<int> RunAsync(Invocation invocation)
    {
        var context = CliContext.Of(invocation);
        ScreenSession.Check(context, "tspm ui", "tspm logs -f");
        await using var client = await context.ConnectAsync(new ReconnectPolicy());
        var look = new UiLook
        {
            IsReadOnly = invocation.Has("read-only"),
            HasClipboard = invocation.Has("clipboard"),
            HasUnicode = TerminalFacts.IsUtf8Locale(Environment.GetEnvironmentVariable),
            Zone = TimeZoneInfo.Local,
            Commands = CommandsForPalette(),
        };
        var state = new UiState { Look = look };
        if (invocation.Arguments.Count > 0)
        {
            var logs = (await client.ResolveAsync(invocation.Arguments)).Logs;
            state = state with
            {
                Selected = logs[0].Id,
                IsLogFocused = true,
                Merged = logs.Count > 1 ? [.. logs.Select(log => log.Id)] : [],
            };
        }

        var loop = new UiLoop(context, client, state, !invocation.Has("no-mouse"));
        await using (loop)
        {
            await loop.RunAsync();
        }

        return loop.ExitCode();
    }

    private static IReadOnlyList<PaletteEntry> CommandsForPalette() =>
        [
            .. CommandTree
                .Commands.Concat(CommandTree.Commands.SelectMany(above => above.Subcommands))
                .Where(command =>
                    command is { Run: not null, Help.Length: > 0 }
                    && command.Names[0] is not ("" or "ui")
                )
                .Select(command => new PaletteEntry(
                    CommandTree.PathOf(command),
                    command.Arguments,
                    command.Help
                )),
        ];
}
