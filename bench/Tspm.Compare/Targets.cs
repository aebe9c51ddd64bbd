using System.Diagnostics;
using System.Text.Json;

namespace Tspm.Compare;

/// <summary>The child writes into the reader's pipe: nothing can be faster.</summary>
internal sealed class RawPipe(string directory) : Target("raw pipe", directory)
{
    public override void Begin(string writer, string reader) => Spawn($"{writer} | {reader}");
}

/// <summary>The child writes a file, tail follows it.</summary>
internal sealed class TailFile(string directory) : Target("tail -F", directory)
{
    private int _number;

    public override void Begin(string writer, string reader)
    {
        var file = Path.Join(Directory, $"tail-{++_number}.log");
        File.WriteAllText(file, "");
        Spawn($"exec {writer} >> {file}");
        Spawn($"tail -n 0 -F {file} | {reader}");
    }

    public override void End()
    {
        base.End();
        File.Delete(Path.Join(Directory, $"tail-{_number}.log"));
    }
}

/// <summary>tspm in a home of its own.</summary>
internal sealed class TspmTarget(string binary, string directory) : Target("tspm", directory)
{
    private int[] _pids = [];

    public override IReadOnlyList<int> ManagerPids => _pids;

    public string Binary => binary;

    public JsonElement Status =>
        JsonDocument.Parse(Run(binary, "daemon", "status", "--json")).RootElement;

    public void Launch()
    {
        Run(binary, "daemon", "start");
        _pids = [Status.GetProperty("pid").GetInt32(), Status.GetProperty("keeperPid").GetInt32()];
    }

    public override void Begin(string writer, string reader)
    {
        Run(binary, ["start", "--name", "bench", "--restart", "never", "--", .. writer.Split(' ')]);
        Spawn($"{binary} logs bench -f -n 0 --raw 2>/dev/null | {reader}");
    }

    public override void End()
    {
        base.End();
        Run(binary, "delete", "-y", "all");
    }

    public override void Close()
    {
        base.End();
        Run(binary, "shutdown", "-y");
    }

    protected override void Prepare(ProcessStartInfo start) =>
        start.Environment["TSPM_HOME"] = Path.Join(Directory, "tspm");
}

/// <summary>PM2 with its defaults in a home of its own.</summary>
internal sealed class Pm2Target(string binary, string directory) : Target("PM2", directory)
{
    private int[] _pids = [];

    public override IReadOnlyList<int> ManagerPids => _pids;

    public string Binary => binary;

    public void Launch()
    {
        Run(binary, "ping");
        _pids = [int.Parse(File.ReadAllText(Path.Join(Directory, "pm2", "pm2.pid")))];
    }

    public override void Begin(string writer, string reader)
    {
        var words = writer.Split(' ');
        Run(
            binary,
            [
                "start",
                words[0],
                "--name",
                "bench",
                "--no-autorestart",
                "--interpreter",
                "none",
                "--",
                .. words[1..],
            ]
        );
        Spawn($"{binary} logs bench --raw --lines 0 2>/dev/null | {reader}");
    }

    public override void End()
    {
        base.End();
        Run(binary, "delete", "all");
        foreach (var log in System.IO.Directory.EnumerateFiles(Path.Join(Directory, "pm2", "logs")))
        {
            File.Delete(log);
        }
    }

    public override void Close()
    {
        base.End();
        Run(binary, "kill");
    }

    protected override void Prepare(ProcessStartInfo start) =>
        start.Environment["PM2_HOME"] = Path.Join(Directory, "pm2");
}
