using System.Collections.Immutable;
using System.Net;

namespace LocalHosting.Network;

/// <summary>The replicas that take new connections, each in its turn. It knows of each how many of its connections it has not answered yet.</summary>
internal sealed class ReplicaRotation
{
    private readonly Lock _access = new();
    private ImmutableList<Member> _members = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _turn;

    public bool IsEmpty => Volatile.Read(ref _members).IsEmpty;

    /// <summary>Completes with the next change of the members.</summary>
    public Task Changed
    {
        get
        {
            lock (_access)
                return _changed.Task;
        }
    }

    public void Admit(string name, IPEndPoint address) => Change(members => members.RemoveAll(member => member.Name == name).Add(new Member(name, address)));

    /// <summary>Gives the replica no more connections. The task ends when it has answered, or lost, each one that it was given.</summary>
    public Task WithdrawAsync(string name)
    {
        Member? leaving = null;
        Change(members =>
        {
            leaving = members.Find(member => member.Name == name);
            return leaving is null ? members : members.Remove(leaving);
        });
        return leaving?.AllAnswered(_access) ?? Task.CompletedTask;
    }

    /// <summary>Where a new connection begins to ask.</summary>
    public int NextTurn() => Interlocked.Increment(ref _turn);

    /// <summary>The replica to ask; null when the connection has asked all of them.</summary>
    /// <param name="turn">What <see cref="NextTurn"/> said.</param>
    /// <param name="attempt">How many replicas the connection has asked before, in this turn.</param>
    public Claim? Ask(int turn, int attempt)
    {
        lock (_access)
        {
            if (attempt >= _members.Count)
                return null;
            var member = _members[(int)((uint)(turn + attempt) % (uint)_members.Count)];
            member.Unanswered++;
            return new Claim(_access, member);
        }
    }

    private void Change(Func<ImmutableList<Member>, ImmutableList<Member>> change)
    {
        TaskCompletionSource changed;
        lock (_access)
        {
            Volatile.Write(ref _members, change(_members));
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }

    /// <summary>A connection that was given to a replica and not answered yet.</summary>
    public sealed class Claim(Lock access, Member member)
    {
        private bool _isSettled;

        public IPEndPoint Address => member.Address;

        /// <summary>The replica has answered, or the connection is over. Safe to repeat.</summary>
        public void Settle()
        {
            if (Volatile.Read(ref _isSettled))
                return;
            lock (access)
            {
                if (_isSettled)
                    return;
                _isSettled = true;
                member.Unanswered--;
                if (member.Unanswered == 0)
                    member.Leaving?.SetResult();
            }
        }
    }

    /// <summary>A replica. All of it is read and changed under the rotation's lock.</summary>
    public sealed class Member(string name, IPEndPoint address)
    {
        public string Name => name;

        public IPEndPoint Address => address;

        public int Unanswered { get; set; }

        /// <summary>Set once the replica gets no more connections and has not answered all.</summary>
        public TaskCompletionSource? Leaving { get; private set; }

        public Task AllAnswered(Lock access)
        {
            lock (access)
            {
                if (Unanswered == 0)
                    return Task.CompletedTask;
                Leaving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return Leaving.Task;
            }
        }
    }
}
