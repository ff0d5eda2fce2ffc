# usage: test.sh ISOLATTE-RUN
# Tests the command isolatte-run as a shell uses it.
set -u
run=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit
failures=0

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  failures=$((failures + 1))
}

# expect CODE OUT-PATTERN ERR-PATTERN ARGUMENT... : patterns are extended regular expressions; an
# empty one means that nothing is written.
expect() {
  local code=$1 out=$2 err=$3 got
  shift 3
  "$run" "$@" >out 2>err
  got=$?
  [ "$got" = "$code" ] || fail "exit status $got, not $code: $*"
  matches "$out" out || fail "standard output: $*: $(head -c 500 out)"
  matches "$err" err || fail "standard error: $*: $(head -c 500 err)"
}
matches() {
  if [ -z "$1" ]; then [ ! -s "$2" ]; else [[ $(cat "$2") =~ $1 ]]; fi
}

# One program
expect 0 '' '' -- true
expect 0 '^hello$' '' -- echo hello
expect 3 '' 'exited with code 3' -- sh -c 'exit 3'
expect 0 '' '^isolatte-run: true: exited with code 0 ' -v -- true
expect 139 '' 'SIGSEGV' -- sh -c 'kill -SEGV $$'
expect 124 '' 'timed_out' -t 100ms -- sleep 1000
expect 124 '' 'timed_out: SIGKILL' -t 100ms --grace 0 -- sh -c 'trap "" TERM; while :; do :; done'
expect 127 '' 'No such file' -- ./missing
: >plain
expect 126 '' 'Permission denied' -- ./plain
expect 0 '^in$' '' -- cat <<<in
expect 0 '^1048576$' '' -m 1G -- sh -c 'ulimit -v'
expect 0 '^3$' '' --cpu 2100ms -- sh -c 'ulimit -t'

# Arguments that make no sense
expect 125 '' 'no program'
expect 125 '' "'--'" ls -l
expect 125 '' 'no time' -t 5x -- true
expect 125 '' 'no time' -t 99999999999999h -- true
expect 125 '' 'no size' -m 1Q -- true
expect 125 '' 'neither none nor any' -n some -- true
expect 125 '' 'map alone' -J 2 -- true
expect 0 'usage: isolatte-run' '' --help
expect 0 '^isolatte-run [0-9]+\.[0-9]+\.[0-9]+$' '' --version
"$run" --help >/dev/full 2>/dev/null && fail "--help succeeds though nothing can be written"

# JSON
json() { # PYTHON-EXPRESSION over `it`
  python3 -c 'import json,sys; it = json.load(sys.stdin); sys.exit(not eval(f"({sys.argv[1]})"))' "$1" ||
    fail "JSON: $1"
}
if command -v python3 >/dev/null; then
  "$run" --json -- sh -c 'echo out; echo err >&2; printf "\377"; exit 3' 2>err |
    json 'it["exit_code"] == 3 and it["ending"] == "exited" and not it["success"] and
      it["out"] == "out\n�" and it["err"] == "err\n" and it["command"][0] == "sh" and
      it["usage"]["wall_s"] > 0'
  "$run" --json -t 100ms -- sleep 1000 | json 'it["ending"] == "timed_out" and it["signal"] == 15 and
    it["signal_name"] == "SIGTERM"'
  "$run" --json -- ./missing | json 'it["ending"] == "not_started" and "No such" in it["error"]'
  expect 0 '^text$' '' --report report -- echo text
  json 'it["success"] and "out" not in it' <report
  "$run" --json --output-limit 4 -- echo 123456 | json 'it["out"] == "456\n" and it["out_truncated"]'
fi
expect 125 '^text$' 'writing' --report ./no/folder -- echo text

# Sandboxes, if there are some here
if "$run" --sandbox -- true 2>/dev/null; then
  echo secret >secret
  mkdir open
  echo shared >open/file
  expect 1 '' 'denied' -s -- cat "$folder/secret"
  expect 0 '^shared$' '' -r "$folder/open" -- cat "$folder/open/file"
  expect 1 '' 'denied' -r "$folder/open" -- cat "$folder/secret"
  expect 0 '' '' -w "$folder/open" -p -x /bin -- sh -c "echo new >$folder/open/new"
  [ "$(cat open/new)" = new ] || fail "a file that may be written is not"
  "$run" -s -- sh -c 'true & wait' >/dev/null 2>&1 && fail "a sandbox lets processes be made"
else
  echo "no sandboxes here"
fi

# Signals: the program ends in its own way, and nothing is left.
"$run" -- sh -c 'trap "echo ended; exit 0" TERM; echo ready; while :; do sleep 0.01; done' >out 2>err &
pid=$!
until grep -q ready out; do :; done
kill -TERM $pid
wait $pid
code=$?
[ $code = 143 ] || fail "exit status $code after SIGTERM"
grep -q ended out || fail "SIGTERM is not passed on"

# Maps
printf '%s\n' 3 1 2 >lines
expect 0 $'^3\n1\n2$' '' map -J 3 -- sh -c 'sleep 0.0{}; echo {}' <lines
expect 0 $'^- 3\n- 1\n- 2$' '' map -- echo - <lines
expect 123 $'^3\n1\n2$' 'exited with code 1.*3 done, 1 failed' map -- \
  sh -c 'echo {}; exit $(({} == 1))' <lines
expect 127 '' 'No such file' map -- ./missing <lines
expect 0 '' '' map -- echo </dev/null
printf 'a b\nc' | "$run" map -- echo '<{}>' >out
[ "$(cat out)" = '<a b>
<c>' ] || fail "lines are given as they are: $(cat out)"
seq 500 | "$run" map -J 8 -- echo >out
[ "$(cat out)" = "$(seq 500)" ] || fail "the output of 500 programs is in order"
{ read -r first; "$run" map -- echo; } <lines >out
[ "$(cat out)" = '1
2' ] || fail "a map begins where its input is"
if command -v python3 >/dev/null; then
  "$run" map --json -- echo <lines | python3 -c 'import json,sys
all = [json.loads(line) for line in sys.stdin]
sys.exit([one["out"] for one in all] != ["3\n", "1\n", "2\n"])' || fail "a line of JSON for each"
fi
mkfifo pipe
"$run" map -- sh -c 'echo {}; exec sleep 1000' <pipe >out 2>err &
pid=$!
exec 9>pipe
echo go >&9
# The program runs when its line has been read, which the other end of the pipe does not tell.
until [ -n "$(pgrep -P $pid)" ]; do :; done
kill -INT $pid
wait $pid
code=$?
[ $code = 130 ] || fail "exit status $code of a map after a signal"
exec 9>&-

[ $failures = 0 ] || exit 1
echo "all as expected"
