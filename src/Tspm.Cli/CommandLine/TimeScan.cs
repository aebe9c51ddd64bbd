using System.Globalization;

namespace Tspm.Cli.CommandLine;

/// <summary>Goes through the text of a time from left to right; knows the column of what is wrong.</summary>
internal sealed class TimeScan(string text)
{
    /// <summary>Where it is, from 0.</summary>
    public int At { get; private set; }

    /// <summary>Whether all was read.</summary>
    public bool IsAtEnd => At == text.Length;

    /// <summary>Digits that come next.</summary>
    public int CountDigits()
    {
        var end = At;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end - At;
    }

    /// <summary>A character that comes; NUL if the text ends before it.</summary>
    public char Peek(int ahead) => At + ahead < text.Length ? text[At + ahead] : '\0';

    /// <summary>Takes a word if it comes next.</summary>
    public bool TryTake(string word)
    {
        if (string.CompareOrdinal(text, At, word, 0, word.Length) != 0)
        {
            return false;
        }

        At += word.Length;
        return true;
    }

    /// <summary>Takes a character that must come next.</summary>
    /// <exception cref="TimeFormatException">Another comes.</exception>
    public void Expect(char letter)
    {
        if (Peek(0) != letter)
        {
            throw Wrong(At, $"\"{letter}\" is missing");
        }

        At++;
    }

    /// <summary>Nothing may come.</summary>
    /// <exception cref="TimeFormatException">Something comes.</exception>
    public void ExpectEnd(string what)
    {
        if (!IsAtEnd)
        {
            throw Wrong(At, $"{what} is here");
        }
    }

    /// <summary>Takes a number.</summary>
    /// <exception cref="TimeFormatException">There is none, or it is outside its bounds.</exception>
    public long Number(int leastDigits, int mostDigits, long least, long most, string what)
    {
        var digits = CountDigits();
        var isNumber = long.TryParse(
            text.AsSpan(At, digits),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number
        );
        var isRight =
            isNumber
            && digits >= leastDigits
            && digits <= mostDigits
            && number >= least
            && number <= most;
        if (!isRight)
        {
            throw Wrong(
                At,
                digits == 0 ? $"{what} is missing"
                    : digits < leastDigits ? $"{what} has {leastDigits} digits"
                    : digits > mostDigits ? $"{what} has at most {mostDigits} digits"
                    : $"{what} is {least} to {most}"
            );
        }

        At += digits;
        return number;
    }

    /// <summary>Takes the digits after a point, as ticks of 100 ns; finer ones are cut off.</summary>
    /// <exception cref="TimeFormatException">There are none.</exception>
    public long Fraction()
    {
        var digits = CountDigits();
        if (digits is 0 or > 9)
        {
            throw Wrong(At, "1 to 9 digits of a second come here");
        }

        var kept = text.Substring(At, digits).PadRight(7, '0')[..7];
        At += digits;
        return long.Parse(kept, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Takes a unit of time.</summary>
    /// <exception cref="TimeFormatException">There is none.</exception>
    public TimeSpan Unit() =>
        TryTake("ms") ? TimeSpan.FromMilliseconds(1)
        : TryTake("s") ? TimeSpan.FromSeconds(1)
        : TryTake("m") ? TimeSpan.FromMinutes(1)
        : TryTake("h") ? TimeSpan.FromHours(1)
        : TryTake("d") ? TimeSpan.FromDays(1)
        : throw Wrong(At, "a unit is missing: ms, s, m, h or d");

    /// <summary>What is wrong at a column.</summary>
    public TimeFormatException Wrong(int at, string why) =>
        new(at, $"\"{text}\" is not a time (column {at + 1}): {why}");
}
