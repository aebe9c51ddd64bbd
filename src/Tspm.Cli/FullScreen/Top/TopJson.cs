using System.Text;
using System.Text.Json;

namespace Tspm.Cli.FullScreen.Top;

/// <summary>What <c>top -o json</c> prints: an array, an object per process.</summary>
internal static class TopJson
{
    /// <summary>One look, without a line end.</summary>
    public static string Format(TopState state)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            foreach (var row in state.Rows)
            {
                json.WriteStartObject();
                json.WriteNumber("id", row.View.Id);
                json.WriteString("name", row.View.Name);
                json.WriteString("ns", row.View.Ns);
                json.WriteString("status", row.View.Status);
                json.WriteNumber("run", row.View.Run);
                Write(json, "pid", row.View.Pid);
                Write(json, "cpuPercent", row.View.CpuPercent);
                Write(json, "memoryBytes", row.View.MemoryBytes);
                Write(json, "linesPerSecond", row.Rate);
                Write(json, "uptimeSeconds", row.View.UptimeSeconds);
                json.WriteNumber("restarts", row.View.Restarts);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    // What is not known is null, never 0.
    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } known && double.IsFinite(known))
        {
            json.WriteNumber(name, Math.Round(known, 2));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
