using CsCheck;
using Tspm.Daemon.Supervision.Checks;
using Tspm.Protocol.Messages;

namespace Tspm.Daemon.Tests.Checks;

/// <summary>Health changes after so many looks in a row, and only then.</summary>
public sealed class HealthCountTests
{
    private static readonly Gen<(int, int, bool[])> Cases = Gen.Select(
        Gen.Int[1, 4],
        Gen.Int[1, 4],
        Gen.Bool.Array[0, 40]
    );

    [Fact]
    public void A_change_is_told_when_the_newest_looks_all_say_so() =>
        Cases.Sample(
            (failures, successes, looks) =>
            {
                var probe = new ProbeSpec
                {
                    Check = "notify",
                    Failures = failures,
                    Successes = successes,
                };
                var count = new HealthCount(probe);
                bool? isWell = null;
                for (var i = 0; i < looks.Length; i++)
                {
                    var told = count.Take(looks[i]);

                    // The model looks back over everything each time.
                    var newest = looks[..(i + 1)];
                    var isFound =
                        isWell != true
                        && newest.Length >= successes
                        && newest[^successes..].All(look => look);
                    var isLost =
                        isWell != false
                        && newest.Length >= failures
                        && newest[^failures..].All(look => !look);
                    isWell =
                        isFound ? true
                        : isLost ? false
                        : isWell;
                    Assert.Equal(
                        isFound ? HealthChange.Found
                            : isLost ? HealthChange.Lost
                            : HealthChange.None,
                        told
                    );
                }
            }
        );
}
