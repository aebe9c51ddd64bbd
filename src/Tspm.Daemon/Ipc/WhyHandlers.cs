using System.Text;
using SmartIpc.Requests;
using Tspm.CaptureLog;
using Tspm.Daemon.Crashes;
using Tspm.Daemon.Supervision;
using Tspm.Logs;
using Tspm.Protocol;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Ipc;

/// <summary>The request that asks why a run ended.</summary>
internal sealed class WhyHandlers(ProcessRegistry registry, HomePaths home, TimeProvider time)
{
    /// <summary>Adds the request to a table.</summary>
    public void Register(RequestTable table)
    {
        var json = ProtocolJsonContext.Default;
        table.Add(
            MethodNumbers.Why,
            "why",
            json.WhyRequest,
            json.WhyReply,
            (_, request, _) => ValueTask.FromResult(Answer(request))
        );
    }

    private IpcResult<WhyReply> Answer(WhyRequest request)
    {
        if (request.Lines is < 0 or > WhyRequest.MaxLines)
        {
            return new IpcError(
                ErrorCodes.BadRequest,
                $"lines must be 0 to {WhyRequest.MaxLines}",
                null
            );
        }

        if (!registry.TrySelect(request.Select, isChange: false, out var found, out var error))
        {
            // Set whenever the call says no.
            return new IpcError(error!.Code, error.Message, error.Hint);
        }

        var answers = new List<WhyAnswer>();
        foreach (var process in found)
        {
            var answer = Answer(process, request);
            if (answer is { Run: null, Reports.Count: 0 } && request.Run is { } run)
            {
                return new IpcError(
                    ErrorCodes.NotFound,
                    $"nothing is known of an end of run {run} of {process.Record.Spec.Name}",
                    $"see: tspm why {process.Record.Spec.Name} --list"
                );
            }

            answers.Add(answer);
        }

        return new WhyReply(answers);
    }

    private WhyAnswer Answer(ProcessSupervisor process, WhyRequest request)
    {
        var record = process.Record;
        var reports = new CrashReports(home, record.Id);
        var answer = new WhyAnswer
        {
            Process = ProcessViews.Of(process, time, withDetails: false),
            Reports = request.List
                ? [.. reports.ListRuns().Select(reports.Read).OfType<CrashReport>()]
                : [],
        };
        var ended = record.Runs.FirstOrDefault(run =>
            run.EndedAt is not null && (request.Run is null || run.Run == request.Run)
        );
        var number = ended?.Run ?? request.Run ?? 0;
        if (reports.Read(number) is { } report)
        {
            return answer with
            {
                Run = report,
                IsReport = true,
                Lines = Shown(record.Spec, Last(reports.ReadLines(number), request.Lines)),
            };
        }

        return ended is null
            ? answer
            : answer with
            {
                Run = RunReport.Of(record, ended),
                Lines = ReadLog(process, ended.Run, request.Lines),
            };
    }

    private static IReadOnlyList<CrashLine> ReadLog(ProcessSupervisor process, uint run, int lines)
    {
        try
        {
            return LogExtract.Read(process.Log.Log, run, 0, lines, 0, out _);
        }
        catch (IOException)
        {
            // Retention or damage took them: the facts are told without.
            return [];
        }
    }

    /// <summary>A report has what could be read when it was written; by now less may be shown.</summary>
    private static IReadOnlyList<CrashLine> Shown(
        ProcessSpec spec,
        IReadOnlyList<CrashLine> lines
    ) =>
        Redactions.Of(spec) is { } hides
            ? [.. lines.Select(line => line with { Msg = Hide(hides, line.Msg) })]
            : lines;

    private static string Hide(LineRedaction hides, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        hides.Apply(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The last lines of each stream, in order.</summary>
    private static IReadOnlyList<CrashLine> Last(IReadOnlyList<CrashLine> lines, int ofEach) =>
        [
            .. lines
                .GroupBy(line => line.Stream)
                .SelectMany(stream => stream.TakeLast(ofEach))
                .OrderBy(line => line.Seq),
        ];
}
