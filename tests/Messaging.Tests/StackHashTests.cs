using PhotoPlatform.Messaging.Retry;

namespace PhotoPlatform.Messaging.Tests;

public sealed class StackHashTests
{
    [Fact]
    public async Task The_same_fault_has_the_same_hash_whatever_line_and_message_it_has()
    {
        var first = await Assert.ThrowsAsync<InvalidOperationException>(() => FailAsync(1));
        var second = await Assert.ThrowsAsync<InvalidOperationException>(() => FailAsync(2));

        Assert.NotEqual(first.StackTrace, second.StackTrace);
        Assert.Equal(StackHash.Of(first), StackHash.Of(second));
    }

    [Fact]
    public async Task Another_type_another_method_or_another_cause_has_another_hash()
    {
        Exception[] exceptions =
        [
            await Assert.ThrowsAsync<InvalidOperationException>(() => FailAsync(1)),
            await Assert.ThrowsAsync<TimeoutException>(() => FailAsync(3)),
            await Assert.ThrowsAsync<InvalidOperationException>(FailElsewhereAsync),
            new InvalidOperationException("Never thrown."),
            new InvalidOperationException("Never thrown.", new TimeoutException()),
        ];

        Assert.Equal(exceptions.Length, exceptions.Select(StackHash.Of).Distinct().Count());
    }

    [Fact]
    public async Task It_does_not_matter_whether_an_await_had_to_wait()
    {
        var waited = await Assert.ThrowsAsync<InvalidOperationException>(() => AfterAsync(Task.Run(() => { }).ContinueWith(_ => { }, TaskScheduler.Default)));
        var passed = await Assert.ThrowsAsync<InvalidOperationException>(() => AfterAsync(Task.CompletedTask));

        Assert.Equal(StackHash.Of(waited), StackHash.Of(passed));
    }

    private static async Task FailAsync(int line)
    {
        await Task.Yield();
        if (line == 1)
            throw new InvalidOperationException("One.");
        if (line == 2)
            throw new InvalidOperationException("Two.");
        throw new TimeoutException();
    }

    private static async Task FailElsewhereAsync()
    {
        await Task.Yield();
        throw new InvalidOperationException("One.");
    }

    private static async Task AfterAsync(Task task)
    {
        await task;
        await FailAsync(1);
    }
}
