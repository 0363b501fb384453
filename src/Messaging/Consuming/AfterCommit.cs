namespace PhotoPlatform.Messaging.Consuming;

/// <summary>What a consumer wants done once its transaction is committed; dropped when it is not. For signals only: a crash loses it.</summary>
public sealed class AfterCommit
{
    private readonly List<Action> _actions = [];

    /// <summary>Adds a short action that does not fail.</summary>
    public void Do(Action action) => _actions.Add(action);

    internal void Run()
    {
        foreach (var action in _actions)
            action();
    }
}
