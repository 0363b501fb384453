# Kills what an AppHost started, if the AppHost itself was killed. It reads a pipe from the AppHost: "+ PID SIGNAL" when a process
# starts, "- PID" when it has ended. At the end of the pipe it stops what is still listed, and whatever carries the mark ($1).
listed=
while read -r change pid signal; do
    if [ "$change" = + ]; then
        listed="$listed $pid:$signal"
    else
        remaining=
        for entry in $listed; do [ "${entry%%:*}" = "$pid" ] || remaining="$remaining $entry"; done
        listed=$remaining
    fi
done
alive() { for entry in $listed; do kill -0 -- "-${entry%%:*}" 2>/dev/null && return 0; done; return 1; }
for entry in $listed; do kill -s "${entry##*:}" -- "-${entry%%:*}" 2>/dev/null; done
tries=0
while alive && [ $tries -lt 25 ]; do sleep 0.1; tries=$((tries + 1)); done
for entry in $listed; do kill -s KILL -- "-${entry%%:*}" 2>/dev/null; done
for environment in /proc/[0-9]*/environ; do
    pid=${environment%/environ}; pid=${pid#/proc/}
    [ "$pid" != $$ ] && grep -qaF -- "$1" "$environment" 2>/dev/null && kill -s KILL "$pid" 2>/dev/null
done
