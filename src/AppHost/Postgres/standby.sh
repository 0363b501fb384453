#!/usr/bin/env bash
# A streaming standby of a PostgreSQL server.
#   standby.sh run ARGUMENT...   clones the primary if there is no data yet, and runs the standby until SIGINT or SIGTERM; the arguments are the server's
#   standby.sh status            one line on what it does, such as "streaming, 0 bytes behind"; fails if it does not answer
#   standby.sh promote           makes it a primary, which it then stays
# STANDBY_NAME, STANDBY_PORT and STANDBY_DIRECTORY are its own; PGHOST, PGPORT, PGUSER and PGPASSWORD are the primary's. After STANDBY_PATIENCE seconds
# (default 30) it starts on data that it has although the primary is away; without data it waits for the primary as long as it takes.
set -euo pipefail
export LC_ALL=C PGCONNECT_TIMEOUT=3
unset PGDATA PGDATABASE PGHOSTADDR PGOPTIONS PGSERVICE # of the user's own shell

slot=${STANDBY_NAME,,} slot=${slot//-/_}

say() { echo "$*"; }
die() { echo "$*" >&2; exit 1; }

psql=$(command -v psql || printf '%s\n' /usr/lib/postgresql/*/bin/psql | sort -rV | head -n 1)
[[ -x $psql ]] || die "psql was not found; install it, on Debian with \"apt-get install postgresql\"."
ask_primary() { "$psql" -XqtAw -d postgres -v ON_ERROR_STOP=1 -c "$1" 2>&1; }
ask_standby() { PGHOST=localhost PGPORT=$STANDBY_PORT ask_primary "$1"; }
reason() { local text=${1##*failed: }; echo "${text%%$'\n'*}"; }

status() {
    local answer
    if answer=$(ask_standby "SELECT CASE WHEN pg_is_in_recovery() THEN
            coalesce((SELECT 'streaming, ' || greatest(0, latest_end_lsn - pg_last_wal_replay_lsn()) || ' bytes behind' FROM pg_stat_wal_receiver WHERE status = 'streaming'),
                'not streaming' || coalesce('; the last change is of ' || to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', ''))
            ELSE 'promoted' END"); then
        echo "$answer"
    else
        reason "$answer"
        return 1
    fi
}

promote() {
    local answer
    answer=$(ask_standby "SELECT pg_promote(true, 60)") || die "$STANDBY_NAME was not promoted: $(reason "$answer")"
    [[ $answer == t ]] || die "$STANDBY_NAME was not promoted within 60 s; its log says why."
    # The old primary, if it is there, would go on keeping its log for us.
    ask_primary "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$slot' AND NOT active" >/dev/null || true
    say "$STANDBY_NAME is a primary now."
}

# A signal ends what runs in the background: a server by its fast shutdown, which does not wait for clients.
child='' stop_signal='' is_stopping=false
stop() {
    is_stopping=true
    [[ -z $child ]] || kill -s "$stop_signal" "$child" 2>/dev/null || true
}

# await SIGNAL PROGRAM...: runs it to its end, which the signal brings about. Nothing is started any more once we are stopping.
await() {
    local result=0
    ! $is_stopping || exit 0
    stop_signal=$1
    "${@:2}" &
    child=$!
    ! $is_stopping || stop
    while wait "$child" && result=0 || result=$?; kill -0 "$child" 2>/dev/null; do :; done
    child=''
    ! $is_stopping || exit 0
    return "$result"
}

# The directory with the programs of a major version, wherever they were installed.
programs_of() {
    local directory
    for directory in "/usr/lib/postgresql/$1/bin" "$(pg_config --bindir 2>/dev/null || true)" "$(dirname "$(command -v postgres || echo /)")"; do
        if [[ -x $directory/postgres && $("$directory/postgres" --version) =~ \ ${1}[^0-9] ]]; then
            echo "$directory"
            return
        fi
    done
    die "The programs of PostgreSQL $1, which this cluster needs, were not found; install them, on Debian with \"apt-get install postgresql-$1\"."
}

# Makes the directory of the server's user, or says that this user cannot reach it. One that somebody else has put there is not taken over.
make_own() {
    [[ ! -L $1 && ( ! -e $1 || ${#as[@]} -eq 0 || $(stat -c %U "$1") =~ ^(root|postgres)$ ) ]] && mkdir -p -m 700 "$1" && { ((${#as[@]} == 0)) || chown postgres: "$1"; } && "${as[@]}" test -w "$1" -a -x "$1"
}

# Asks the primary who it is: system, timeline, major version, and whether it still keeps the log for us. Gives up after so many seconds; 0: never.
identify_primary() {
    local answer told='' tries=0
    until answer=$(ask_primary "SELECT system_identifier || ' ' || timeline_id || ' ' || current_setting('server_version_num')::int / 10000 || ' '
            || coalesce((SELECT wal_status FROM pg_replication_slots WHERE slot_name = '$slot'), 'none') FROM pg_control_system(), pg_control_checkpoint()"); do
        answer=$(reason "$answer")
        [[ $answer == "$told" ]] || say "waiting for the primary at $PGHOST:$PGPORT: $answer"
        told=$answer
        (($1 == 0 || ++tries < $1)) || return 1
        await TERM sleep 1
    done
    read -r system timeline version log <<<"$answer"
}

control() { "$1/pg_controldata" -D "$cluster" | sed -n "s/^$2: *//p"; }

# What follows another cluster, or another history of ours, cannot follow this primary; it may be the last copy, so it is kept.
discard_foreign() {
    local own_version own_system='' own_timeline=0 programs kept
    own_version=$(<"$cluster/PG_VERSION")
    if [[ $own_version == "$version" ]]; then
        programs=$(programs_of "$version")
        own_system=$(control "$programs" 'Database system identifier') own_timeline=$(control "$programs" "Latest checkpoint's TimeLineID")
    fi
    if [[ $own_system != "$system" ]] || ((own_timeline > timeline)); then
        kept=$cluster-$(date -u +%Y%m%d%H%M%S)
        mv "$cluster" "$kept"
        say "its data (PostgreSQL $own_version, system ${own_system:-unknown}, timeline $own_timeline) is not of this primary ($version, $system, $timeline) and is kept in $kept"
    elif [[ $log == none || $log == lost ]]; then
        kept=$cluster.old
        if [[ $(ask_primary "SELECT pg_current_wal_lsn() >= '$(control "$programs" 'Minimum recovery ending location')'") != t ]]; then
            kept=$cluster-$(date -u +%Y%m%d%H%M%S)
            say "its data is ahead of this primary and is kept in $kept"
        fi
        rm -rf "$cluster.old"
        mv "$cluster" "$kept"
        say "the primary no longer keeps the log that its data lacks"
    fi
}

# A clone is whole or not there. Its slot makes the primary keep its log from the beginning of the copy. Where a checkpoint meets a slot in its first moment (that of
# another standby's clone, for example), PostgreSQL takes the slot for an old one and ends the connection: that, and whatever else passes, gets another try.
clone() {
    local programs tries=0
    programs=$(programs_of "$version")
    say "cloning the primary at $PGHOST:$PGPORT"
    until copy; do
        ((++tries < 5)) || die "the primary at $PGHOST:$PGPORT could not be cloned; the lines above say why."
        await TERM sleep 1
    done
    mv "$cluster.new" "$cluster"
    rm -rf "$cluster.old"
    say "cloned"
}

# Without syncing: the server does that before it recovers from the copy.
copy() {
    rm -rf "$cluster.new"
    ask_primary "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$slot' AND NOT active" >/dev/null || true
    await TERM "${as[@]}" "$programs/pg_basebackup" -D "$cluster.new" -R -X stream -C -S "$slot" -c fast -N -w
}

# In a connection string and in a password file, some characters need a backslash.
quoted() { local text=${1//\\/\\\\}; echo "'${text//\'/\\\'}'"; }
escaped() { local text=${1//\\/\\\\}; echo "${text//:/\\:}"; }

run() {
    trap stop INT TERM
    as=()
    if [[ $(id -u) == 0 ]]; then
        id postgres >/dev/null 2>&1 || die "PostgreSQL does not run as root, and there is no user postgres; install it, on Debian with \"apt-get install postgresql\"."
        as=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
    fi
    local home=$STANDBY_DIRECTORY
    if ! make_own "$home"; then
        home=/var/tmp/postgres-standby-$(cksum <<<"$STANDBY_DIRECTORY" | cut -d ' ' -f 1)
        say "the user postgres cannot reach $STANDBY_DIRECTORY; the data is in $home"
        make_own "$home" || die "the user postgres can write neither to $STANDBY_DIRECTORY nor to $home; choose another data directory."
    fi
    cd "$home"
    cluster=$home/cluster

    # Neither the process list nor the data shows the password.
    export PGPASSFILE=$home/password
    (umask 077 && echo "*:*:*:*:$(escaped "$PGPASSWORD")" >"$PGPASSFILE")
    ((${#as[@]} == 0)) || chown postgres: "$PGPASSFILE"
    unset PGPASSWORD

    if [[ -f $cluster/PG_VERSION && ! -f $cluster/standby.signal ]]; then
        say "was promoted earlier and starts as a primary"
    elif [[ -f $cluster/PG_VERSION ]]; then
        if identify_primary "${STANDBY_PATIENCE:-30}"; then
            discard_foreign
        else
            say "starting without the primary, on the data of its last run"
        fi
    fi
    if [[ ! -f $cluster/PG_VERSION ]]; then
        identify_primary 0
        clone
    fi

    # A lock whose process is not a server on this data is stale, whoever has the number now. Our own number tells the server so, and it still looks for
    # leftovers in shared memory.
    if [[ -f $cluster/postmaster.pid ]] && ! grep -qaF -- "$cluster" "/proc/$(head -n 1 "$cluster/postmaster.pid")/cmdline" 2>/dev/null; then
        sed -i "1s/.*/$$/" "$cluster/postmaster.pid"
    fi
    local programs
    programs=$(programs_of "$(<"$cluster/PG_VERSION")")
    await INT "${as[@]}" "$programs/postgres" -D "$cluster" -p "$STANDBY_PORT" -h localhost -k '' \
        -c "primary_conninfo=host=$(quoted "$PGHOST") port=$PGPORT user=$(quoted "$PGUSER") passfile=$(quoted "$PGPASSFILE") application_name=$slot" \
        -c "primary_slot_name=$slot" "$@" 2>&1 # a server's ordinary log
}

case ${1-} in
    run) run "${@:2}" ;;
    status) status ;;
    promote) promote ;;
    *) die "usage: standby.sh run|status|promote" ;;
esac
