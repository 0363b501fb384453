namespace PhotoPlatform.Messaging.Tests;

/// <summary>What is killed.</summary>
internal enum Victim
{
    Publisher,
    Relay,
    Consumer,
    Worker,
    RabbitMQ,
    PostgresBackend,
    Postgres,
}

/// <summary>One kill of a schedule.</summary>
/// <param name="Victim">What is killed.</param>
/// <param name="Pick">Which of several, by any number.</param>
/// <param name="Acknowledged">How many more attempts are acknowledged before.</param>
/// <param name="InTrouble">The one before it is not waited out.</param>
internal sealed record Fault(Victim Victim, int Pick, int Acknowledged, bool InTrouble)
{
    /// <summary>So many kills, each kind at least once: the same for the same seed.</summary>
    internal static IReadOnlyList<Fault> Schedule(int seed, int kills)
    {
        var random = new Random(seed);
        var kinds = Enum.GetValues<Victim>();
        Victim[] victims = [.. kinds, .. random.GetItems(kinds, kills - kinds.Length)];
        random.Shuffle(victims);
        return [.. victims.Select(victim => new Fault(victim, random.Next(1000), random.Next(5, 60), random.Next(4) == 0))];
    }

    internal Task HappenAsync(LedgerSystem system) => Victim switch
    {
        Victim.Publisher => system.KillAsync("publish"),
        Victim.Relay => system.KillAsync($"relay-{1 + (Pick % 2)}"),
        Victim.Consumer => system.KillAsync("consume"),
        Victim.Worker => system.KillAsync("work"),
        Victim.RabbitMQ => system.KillAsync(LedgerSystem.Broker),
        Victim.PostgresBackend => system.KillBackendAsync(Pick),
        _ => system.KillAsync(LedgerSystem.Server),
    };
}
