using System.Reflection;
using MassTransit;

namespace PhotoPlatform.Testing.Idempotency;

/// <summary>One thing that a consumer does, to be tried with deliveries that repeat.</summary>
/// <param name="Consumer">Its type.</param>
/// <param name="What">What it does, in a few words.</param>
/// <param name="ArrangeAsync">Makes the state before, of users and photos of its own each time, and the message.</param>
public sealed record ConsumerCase<TService>(Type Consumer, string What, Func<TService, Task<Occasion>> ArrangeAsync)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Consumer.Name}: {What}";
}

/// <summary>A message for a consumer, and how to find what it changes.</summary>
/// <param name="Message">An event, unless there is a queue.</param>
/// <param name="Names">Texts and ids of this occasion alone: its state is every row, blob and message that mentions one of them.</param>
public sealed record Occasion(object Message, params IReadOnlyList<object> Names)
{
    /// <summary>The queue to which a command is sent.</summary>
    public string? Queue { get; init; }

    /// <summary>Ends when what the consumer set off is over: its own chain of messages, its service's background work.</summary>
    public Func<Task> SettledAsync { get; init; } = () => Task.CompletedTask;
}

/// <summary>The consumers of a service.</summary>
public static class Consumers
{
    /// <summary>The names of those in an assembly that no case is about.</summary>
    public static IEnumerable<string> Without<TService>(IReadOnlyList<ConsumerCase<TService>> cases, Assembly assembly) =>
        In(assembly).Except(cases.Select(one => one.Consumer)).Select(consumer => consumer.FullName!);

    private static IEnumerable<Type> In(Assembly assembly) =>
        assembly.GetTypes().Where(type => !type.IsAbstract && type.GetInterfaces().Any(one => one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IConsumer<>)));
}
