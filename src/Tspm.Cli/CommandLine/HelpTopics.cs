namespace Tspm.Cli.CommandLine;

/// <summary>What <c>tspm help TOPIC</c> tells that belongs to no single command.</summary>
internal static class HelpTopics
{
    /// <summary>The topics.</summary>
    public static IReadOnlyList<string> Names { get; } =
    ["selectors", "time", "exit-codes", "formats", "environment", "markers", "cursors", "settings"];

    /// <summary>The text of a topic; null if there is none.</summary>
    public static string? Of(string topic) =>
        topic switch
        {
            "selectors" => Selectors,
            "time" => Time,
            "exit-codes" => HelpText.OfExitCodes(),
            "formats" => Formats,
            "environment" => Environment,
            "markers" => Markers,
            "cursors" => Cursors,
            "settings" => Settings,
            _ => null,
        };

    private const string Selectors = """
        selectors: how processes are named; several may be given, and mean all of them together
          all          every process
          3            the one with this id
          web          exactly this name; if several namespaces have it, all of them where nothing is changed,
                       and exit 6 where something is
          shop/web     exactly this name in this namespace
          shop/        everything in a namespace
          'web*'       a pattern of *, ? and [ ] over the name and over namespace/name
          /^web-\d+$/  a regular expression (without back references: its time is linear)
        A selector that matches nothing ends with exit 3. list and "logs -f" with a pattern go on without.

        """;

    private const string Time = """
        times, for --since and the like:
          90s, 10m, 2h30m, 3d          so long ago
          14:05, 14:05:06.123          today
          "2026-01-31 14:05:06"        local, or UTC with --utc
          2026-01-31                   its beginning
          2026-01-31T14:05:06.5Z       RFC 3339, with its own zone
          @1767225600.5                seconds since 1970
          now, today, yesterday
        durations, for --timeout and the like: 500ms, 10s, 2m, 1h30m

        """;

    private const string Formats = """
        formats, chosen with -o:
          list, describe   table (default), wide, json (an array), jsonl (one object a line), name (namespace/name)
          logs             short   the line; the name before it if several are shown
                           full    time, namespace/name#run, seq, the line
                           raw     the bytes of each stream, untouched; rows of tspm go to stderr
                           cat     the bytes of each line, untouched
                           json    one object a line: kind is log, event, gap, conn, end or error
                           json-seq the same as RFC 7464
        list --format '{name} {status,-12} {mem,8}' prints what a script needs; a number is the width, with a minus to the left.
        Nothing is coloured, cut or asked outside a terminal.

        """;

    private const string Environment = """
        environment variables:
          TSPM_HOME         the home: all that tspm keeps; default $XDG_STATE_HOME/tspm or ~/.local/state/tspm
          TSPM_COMPLETION_MS how long completion may ask the daemon; default 100
          XDG_CONFIG_HOME   where tspm/config.yaml is; default ~/.config (see: tspm help settings)
          NO_COLOR          no colour; wins over the next three
          FORCE_COLOR       colour also outside a terminal (0: none)
          CLICOLOR_FORCE    the same, older
          COLORTERM, TERM   how many colours there are; TERM=dumb: none
          COLUMNS           width of a terminal that does not tell
          PAGER, LESS       what shows long history; PAGER=cat: nothing does
          LC_ALL, LANG      whether there is UTF-8
        a program that tspm runs finds: TSPM_RUN, which names its run

        """;

    private const string Markers = """
        markers: rows of tspm between the lines of programs
          -- web: 1204 entries missing (seq 88121..89324): reader too slow, not read from disk --
          -- web: filled 9310 entries from disk (seq 78811..88120) --
          -- connection to the tspm daemon lost, retrying --
          -- reconnected, nothing missed --
          -- live, quiet for 40s --            on a terminal, under the last line, until there is another
        Lines carry a sign:  |  standard output,  !  standard error,  *  tspm itself (starts, exits).
        A line that begins with … goes on where another one came between. (+37 updates) stands for progress lines.
        With -q rows of information are left out, with -qq gaps too. raw and cat print rows to stderr.
        A program can print such a row as well; with --prefix its own stand behind its name, and JSON tells for certain.

        """;

    private const string Cursors = """
        cursors: where a reader stands, for the next reader
          tspm logs web --show-cursor                  prints one at the end
          tspm logs web --after-cursor t1:Zm9v…        goes on after it
          tspm logs web -f --cursor-file ~/.web.pos    keeps it in a file and goes on there
        A cursor is exact: nothing is shown twice, nothing is left out, and what is not on disk any more is told as a gap.

        """;

    private const string Settings = """
        settings: $XDG_CONFIG_HOME/tspm/config.yaml (default ~/.config/tspm/config.yaml)
        A default for any long option, by its name; the command line wins:

          # seen by every command that has the option
          color: always
          tail: 100
          timestamps: time
          pretty: true
          exclude: ["GET /health", "DEBUG"]

        Plain "key: value" lines, lists, quotes and comments; nothing else of YAML. A key that no command has is an error (exit 8).

        """;
}
