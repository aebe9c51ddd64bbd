using Tspm.Client;

namespace Tspm.Cli.Export;

/// <summary>Writes what a log holds into a file.</summary>
internal interface IExportWriter
{
    /// <summary>Writes entries.</summary>
    void Write(LogBatch batch);

    /// <summary>Writes that entries are missing.</summary>
    void Write(LogGap gap);

    /// <summary>Nothing more comes.</summary>
    void End();
}
