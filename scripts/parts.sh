# Parts of a running LLMSelect: started, waited for, stopped.  Sourced by bash;
# $var is the folder of what is kept, $run that of pid files and sockets.
#
# A pid file holds a process's number and when it started, by the kernel's
# clock, so that a number given anew to a stranger is never taken for ours.

# started_at PID: field 22 of /proc/PID/stat; the name before it may have spaces
started_at()
{
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086 # one word for each field
	set -- $stat
	[ "$1" != Z ] && echo "${20}"
}

# remember_part NAME PID
remember_part()
{
	echo "$2 $(started_at "$2")" >"$run/$1.pid"
}

# is_running NAME: sets pid
is_running()
{
	local since
	read -r pid since 2>/dev/null <"$run/$1.pid" || return 1
	[ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ]
}

# start_part NAME COMMAND…: in a session of its own, for Ctrl-C goes to the whole
# group, and would take the database before those who still need it
start_part()
{
	local name=$1
	shift
	setsid "$@" >>"$var/log/$name.log" 2>&1 </dev/null &
	remember_part "$name" $!
}

last_words()
{
	tail -n 5 "$var/log/$1.log" 2>/dev/null
}

# wait_for NAME SECONDS COMMAND…: until the command succeeds
wait_for()
{
	local name=$1 until=$((SECONDS + $2))
	shift 2
	until "$@" >/dev/null 2>&1; do
		is_running "$name" || {
			last_words "$name" >&2
			die "$name did not start, see above ($var/log/$name.log)."
		}
		[ "$SECONDS" -lt "$until" ] || {
			last_words "$name" >&2
			die "$name does not answer ($var/log/$name.log)."
		}
		sleep 0.05
	done
}

# stop_part NAME: asks, waits, and ends it where it does not listen
stop_part()
{
	local until=$((SECONDS + 20))
	if is_running "$1"; then
		kill -TERM "$pid" 2>/dev/null
		while is_running "$1" && [ "$SECONDS" -lt "$until" ]; do
			sleep 0.05
		done
		! is_running "$1" || kill -KILL "$pid" 2>/dev/null
	fi
	rm -f "$run/$1.pid"
}
