namespace Tspm.CaptureLog.Control;

/// <summary>Go on with another program.</summary>
/// <param name="Program">The program and the arguments before its command; absolute.</param>
public sealed record UpgradeOrder(IReadOnlyList<string> Program)
{
    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(ControlKind kind, uint id) =>
        new ControlWriter().Texts(Program).Finish(kind, id);

    /// <summary>Reads a body; null if it is not one.</summary>
    public static UpgradeOrder? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var order = new UpgradeOrder(fields.Texts());
        return fields.IsGood && order.Program is [['/', ..], ..] ? order : null;
    }
}

/// <summary>What became of it: the daemon's is under way, the keeper's is done.</summary>
/// <param name="IsAccepted">False: nothing was changed.</param>
/// <param name="Text">The new build, or why not.</param>
public sealed record UpgradeAnswer(bool IsAccepted, string Text)
{
    /// <summary>The frame.</summary>
    public ReadOnlyMemory<byte> Encode(uint id) =>
        new ControlWriter()
            .U32(IsAccepted ? 1u : 0)
            .Text(Text)
            .Finish(ControlKind.UpgradeReply, id);

    /// <summary>Reads a body; null if it is not one.</summary>
    public static UpgradeAnswer? Decode(ReadOnlySpan<byte> body)
    {
        var fields = new ControlReader(body);
        var answer = new UpgradeAnswer(fields.U32() != 0, fields.Text());
        return fields.IsGood ? answer : null;
    }
}
