namespace Tspm.Cli.Rendering;

/// <summary>Whose log it is.</summary>
/// <param name="Id">The process's small number.</param>
/// <param name="Ns">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="LogId">The log's UUIDv7, 32 hex digits with dashes.</param>
internal sealed record LogIdentity(uint Id, string Ns, string Name, string LogId);
