namespace PhotoPlatform.Users.Data;

/// <summary>Somebody follows somebody.</summary>
internal sealed class Follow
{
    public required Guid FollowerId { get; init; }

    public required Guid FolloweeId { get; init; }

    public required DateTimeOffset At { get; init; }
}
