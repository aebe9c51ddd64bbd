using System.Globalization;
using Tspm.Simulator;

// One seed is one run: --seed N [--trace] replays it; --seconds S or --hours H runs seeds until the time is over, or one breaks (with --all, beyond it).
var seed = Option("--seed");
var seconds = Option("--seconds") ?? (Option("--hours") * 3600) ?? 60;
var broken = Enum.Parse<BrokenPart>(Text("--broken") ?? nameof(BrokenPart.None), ignoreCase: true);
var visits = new Visits();
if (seed is { } one)
{
    using var simulation = new Simulation((int)one, visits, broken)
    {
        Trace = args.Contains("--trace") ? Console.WriteLine : null,
    };
    Console.WriteLine(simulation.Run());
}
else if (args.Contains("--all"))
{
    var next = (int)(Option("--first") ?? 1);
    var end = Environment.TickCount64 + (seconds * 1000);
    var breaches = 0;
    for (var left = seconds * 1000; left > 0; left = end - Environment.TickCount64)
    {
        var result = Campaign.Run(next, TimeSpan.FromMilliseconds(left), visits, broken);
        next += result.Seeds;
        breaches += result.Failure is null ? 0 : 1;
        Console.WriteLine(result.Failure?.Message ?? $"up to seed {next - 1}");
    }

    Console.WriteLine(visits.Report());
    return breaches == 0 ? 0 : 1;
}
else
{
    var first = (int)(Option("--first") ?? 1);
    var result = Campaign.Run(first, TimeSpan.FromSeconds(seconds), visits, broken);
    Console.WriteLine(result);
    Console.WriteLine(visits.Report());
    return result.Failure is null ? 0 : 1;
}

Console.WriteLine(visits.Report());
return 0;

string? Text(string name)
{
    var at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

long? Option(string name) =>
    Text(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
