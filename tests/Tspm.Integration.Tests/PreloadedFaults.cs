using System.Diagnostics;
using System.Globalization;

namespace Tspm.Integration.Tests;

/// <summary>The library tests/faults/faults.c, compiled for one test, in all that is started in a home.</summary>
internal sealed class PreloadedFaults : IDisposable
{
    private readonly string _library;
    private readonly string _plan;
    private readonly string _clock;

    public PreloadedFaults(TspmHome home)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/cc"), "no C compiler is installed");
        _library = home.Root + ".so";
        _plan = home.Root + ".plan";
        _clock = home.Root + ".clock";
        using var compiler = Process.Start(
            "/usr/bin/cc",
            [
                "-O2",
                "-shared",
                "-fPIC",
                "-o",
                _library,
                Path.Join(AppContext.BaseDirectory, "faults", "faults.c"),
                "-ldl",
            ]
        );
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        Plan("");
        SetClock(0);
        home.Variables["LD_PRELOAD"] = _library;
        home.Variables["FAULTS"] = _plan;
        home.Variables["FAULTS_BELOW"] = home.Root;
        home.Variables["FAULTS_CLOCK"] = _clock;
    }

    /// <summary>What happens to calls from now on; the words stand in the library's source.</summary>
    public void Plan(string words) => Replace(_plan, words);

    /// <summary>By how much the wall clock is wrong from now on.</summary>
    public void SetClock(double seconds) =>
        Replace(_clock, seconds.ToString("0", CultureInfo.InvariantCulture));

    public void Dispose()
    {
        File.Delete(_library);
        File.Delete(_plan);
        File.Delete(_clock);
    }

    private static void Replace(string file, string text)
    {
        File.WriteAllText(file + ".new", text);
        File.Move(file + ".new", file, overwrite: true);
    }
}
