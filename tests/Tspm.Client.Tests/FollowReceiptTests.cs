using CsCheck;

namespace Tspm.Client.Tests;

public sealed class FollowReceiptTests
{
    [Fact]
    public void The_sums_add_up_whatever_is_passed_and_truncated()
    {
        var steps = Gen.Select(Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int[0, 9]);
        steps
            .Array[0, 50]
            .Sample(all =>
            {
                var receipt = new FollowReceipt();
                long at = 100;
                foreach (var (shown, lost, filtered, truncated) in all)
                {
                    if (truncated > 7)
                    {
                        receipt.Rewind(shown);
                        at -= shown;
                    }
                    else
                    {
                        var upTo = at + shown + lost + filtered;
                        receipt.Cover(at, upTo, shown, lost);
                        at = upTo;
                    }

                    Assert.True(receipt.IsBalanced);
                }
            });
    }
}
