# One question through all the parts, its answer printed as it streams.  Sourced
# by ./run; $url is the address, $run its folder.
#
# It asks as a user of its own, who is then removed with all that was said, so
# that the first person to register is the first.

question='What happens to a word on its way here?'

ask_one_question()
{
	local name=run-$$-$RANDOM password token
	password=$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
	token=$(register "$name" "$password")
	if [ -z "$token" ]; then
		say "It is up. (Nobody may register any more, so no question was asked.)"
		return
	fi
	say "" "> $question" ""
	stream_answer "$token" || {
		remove_user "$name"
		last_words llmselect >&2
		die "The answer did not come whole. The logs are in $var/log."
	}
	remove_user "$name"
}

# post PATH BODY [CURL-OPTION]…; the body and the token stay off the command line
post()
{
	local path=$1 body=$2
	shift 2
	curl -sS -N --max-time 60 -H 'Content-Type: application/json' \
		--data-binary @- "$@" "$url/api/v1$path" <<<"$body"
}

# register NAME PASSWORD: a token; nothing where nobody may register
register()
{
	local body="{\"username\": \"$1\", \"password\": \"$2\"}"
	post /auth/register "$body" >/dev/null
	post /auth/login "$body" |
		sed -n 's/.*"access_token": "\([^"]*\)".*/\1/p'
}

# The text of "content" events, as they come; well when the last one is "done".
stream_answer()
{
	local line done=1 \
		content='^data: \{"content": "(.*)"\}$'
	while IFS= read -r line; do
		if [[ $line =~ $content ]]; then
			# the escapes of JSON are among those that %b knows
			printf '%b' "${BASH_REMATCH[1]}"
		elif [[ $line == 'data: {"done": true'* ]]; then
			done=0
		elif [[ $line == *'"error"'* ]]; then
			printf '\n%s\n' "$line" >&2
		fi
	done < <(post /chat/stream "{\"provider\": \"demo\", \"model\": \"demo:pace-15\", \
		\"message\": \"$question\"}" -H @<(echo "Authorization: Bearer $1"))
	echo
	return "$done"
}

remove_user()
{
	mariadb --no-defaults -u root --socket="$run/mariadb.sock" llmselect \
		-e "DELETE FROM users WHERE username = '$1'"
}
