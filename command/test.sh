# usage: test.sh ISOLATTE-RUN
# Tests the command isolatte-run as a shell uses it.
set -u
run=$1
source=$(cd "$(dirname "$0")" && pwd)
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

# Arguments after the program are its own.
printf 'secret\nplain\n' >words
expect 0 '^plain$' '' grep -v secret words
expect 0 '^words:secret$' '' -t 5s grep -r secret words --with-filename
expect 0 '^-v --json$' '' -t5s --grace=1s echo -v --json
expect 0 '^-- x$' '' -- echo -- x
expect 0 '^ran map$' '' -- sh -c 'echo ran $0' map
expect 0 '^-v a$' '' map echo -v <<<a

# Arguments that make no sense
expect 125 '' 'no program'
expect 125 '' 'unrecognised option' --long ls
expect 125 '' 'no number of programs' map -J 4194305 -- true
expect 125 '' 'no time' -t 5x -- true
expect 125 '' 'no time' -t 99999999999999h -- true
expect 125 '' 'no size' -m 1Q -- true
expect 125 '' 'neither none nor any' -n some -- true
expect 125 '' 'map alone' -J 2 -- true
expect 125 '' 'map comes before the options' -t 5s map true
expect 125 '' 'map comes before the options' --jobs 2 map -- true
expect 127 '' 'No such file' -t 5s -- map
expect 0 'usage: isolatte-run' '' --help
expect 0 '^isolatte-run [0-9]+\.[0-9]+\.[0-9]+$' '' --version
expect 0 '^1572864$' '' -m 1.5G -- sh -c 'ulimit -v'
expect 124 '' 'timed_out' -t 0.1 -- sleep 1000
expect 0 '' '' -t 1.5h -- true
for size in 1.5 1. .5G 1.5.5G 1.1234567G 16777216T 16777215.9999999T 1GB -1; do
  expect 125 '' 'no size, such as 4096' -m $size -- true
done
expect 125 '' 'no time' -t 1.5ns -- true
expect 125 '' 'no number' --files 1K -- true
expect 125 '' 'no number' map --jobs 1.5 -- true
expect 125 '' "^isolatte-run: --read: './missing': No such file" --read ./missing -- true
expect 125 '' "^isolatte-run: --write: './missing': No such file" --best-effort --write ./missing -- true

# A failure to write is told, and no map goes on without its output.
fails_saying() { # TEXT COMMAND: by bash, with the command in $0
  bash -c "$2" "$run" >/dev/null 2>err
  code=$?
  [ $code = 125 ] || fail "exit status $code: $2"
  grep -qx "isolatte-run: $1" err || fail "$2: $(cat err)"
  [ "$(wc -l <err)" = 1 ] || fail "$2: more than one line: $(head -n 3 err)"
}
full='No space left on device'
fails_saying "writing the text: $full" '"$0" --help >/dev/full'
fails_saying "writing the outcome: $full" '"$0" --json true >/dev/full'
fails_saying "writing /dev/full: $full" '"$0" --report /dev/full true'
fails_saying "writing the output: $full" 'yes | "$0" map echo >/dev/full'
fails_saying "writing /dev/full: $full" 'yes | "$0" map --report /dev/full echo'

# A closed descriptor stays closed to the program, and is no other file.
fails_saying 'reading the standard input: Bad file descriptor' '"$0" map echo <&-'
fails_saying 'writing the outcome: Bad file descriptor' '"$0" --json true >&-'
bash -c '"$0" --report report -- echo text >&-' "$run" 2>err && fail "a program writes to a closed descriptor"
[ "$(grep -c text report)" = 1 ] && grep -q '^{.*}$' report || fail "a report has more: $(cat report)"
bash -c '"$0" -- cat <&-' "$run" 2>err && fail "a program reads from a closed descriptor"

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
  # Times have no exponent, which not every reader of numbers has.
  "$run" --json -t 100ms -- sleep 1000 | grep -Eq '"wall_s":0\.[0-9]{1,6},"user_s":[0-9.]+,"system_s":[0-9.]+,' ||
    fail "times in JSON: $("$run" --json -- true)"
  "$run" --json -t 100ms -- sleep 1000 | json 'it["ending"] == "timed_out" and it["signal"] == 15 and
    it["signal_name"] == "SIGTERM"'
  "$run" --json -- ./missing | json 'it["ending"] == "not_started" and "No such" in it["error"] and
    it["reason"] == "executing the program: No such file or directory"'
  expect 0 '^text$' '' --report report -- echo text
  json 'it["success"] and "out" not in it' <report
  "$run" --json --output-limit 4 -- echo 123456 | json 'it["out"] == "456\n" and it["out_truncated"]'
fi
expect 125 '' 'opening ./no/folder: No such file' --report ./no/folder -- touch has_run
[ ! -e has_run ] || fail "a program runs though its report cannot be written"
expect 125 '' "report: '' is no file" --report '' -- touch has_run
expect 125 '' 'opening ./no/folder: No such file' map --report ./no/folder -- touch <<<has_run
[ ! -e has_run ] || fail "a map runs though its report cannot be written"
expect 125 '^text$' 'writing /dev/full' --report /dev/full -- echo text

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
  expect 125 '' 'not_started: planning the sandbox: an unknown system call' --allow-call no_such_call -- true
  expect 125 '' 'planning the sandbox: a system call that no sandbox allows by name' --allow-call ptrace -- true
  expect 125 '' 'planning the sandbox: a system call that no sandbox allows by name.*: socket' \
    --allow-call getsid --allow-call socket -- true
  "$run" -s -- sh -c 'true & wait' >/dev/null 2>&1 && fail "a sandbox lets processes be made"
else
  echo "no sandboxes here"
fi

expect 0 '^64$' '' --files 64 -- sh -c 'ulimit -n'
expect 153 '' 'SIGXFSZ' --file-size 4K -- dd if=/dev/zero of=large bs=8K count=1 status=none

# The help, the manual page and the completion have the same options.
options=$("$run" --help | grep -oE -e '--[a-z-]+' | sort -u | grep -vx -e '--')
for option in $options; do
  sed 's/\\-/-/g' "$source/isolatte-run.1" | grep -qe "$option" || [ "$option" = --help ] ||
    [ "$option" = --version ] || fail "the manual page lacks $option"
  grep -qe "$option" "$source/completion.bash" || fail "the completion lacks $option"
done

# Completion
completes() { # EXPECTED WORD... : the words that begin with the last one have EXPECTED among them
  local expected=$1 COMP_WORDS COMP_CWORD COMPREPLY=() each
  shift
  COMP_WORDS=(isolatte-run "$@")
  COMP_CWORD=$#
  _isolatte_run
  for each in "${COMPREPLY[@]}"; do
    [ "$each" != "$expected" ] || return
  done
  fail "completion of '$*': ${COMPREPLY[*]}"
}
complete() { :; }
. "$source/completion.bash"
completes --timeout --ti
completes map m
completes --jobs map --jo
completes any --network a
completes words --read wor
completes words grep -v x wor
completes words -t 5s cat wor
completes words --timeout = 5s cat wor
completes words map -J 3 -- cat wor
completes printf map -- print
completes words --read = wor
completes any --network = a
completes none --network =
touch 'two words'
completes 'two words' --read two
completes 'two words' cat two

# Waits for a text in the output of a program in the background. The output of the program before has
# to be gone when that starts: it may have the text, too.
wait_for() {
  until grep -q "$1" out 2>/dev/null; do sleep 0.01; done
}

# Signals: the program ends in its own way, and nothing is left.
rm -f out
"$run" -- sh -c 'trap "echo ended; exit 0" TERM; echo ready; while :; do sleep 0.01; done' >out 2>err &
pid=$!
wait_for ready
kill -TERM $pid
wait $pid
code=$?
[ $code = 143 ] || fail "exit status $code after SIGTERM"
grep -q ended out || fail "SIGTERM is not passed on"

stopped_by() { # CODE SIGNAL TEXT: what the program writes that gets SIGTERM for the signal
  rm -f out
  "$run" -- sh -c 'trap "echo TERM; exit 0" TERM; trap "echo INT; exit 0" INT; echo ready
    while :; do sleep 0.01; done' </dev/null >out 2>err &
  pid=$!
  wait_for ready
  kill -"$2" $pid
  wait $pid
  code=$?
  [ $code = "$1" ] || fail "exit status $code after SIG$2"
  grep -qx "$3" out || fail "SIG$2 is not told as $3"
}
stopped_by 129 HUP TERM
stopped_by 143 TERM TERM

# nohup has SIGHUP ignored.
mkfifo hold
rm -f out
(
  trap '' HUP
  exec "$run" -- sh -c 'echo ready; read -r word; exit 3'
) <hold >out 2>err &
pid=$!
exec 9>hold
wait_for ready
kill -HUP $pid
echo go >&9
exec 9>&-
wait $pid
code=$?
[ $code = 3 ] || fail "exit status $code after an ignored SIGHUP"

# A second signal does not wait for the grace.
rm -f out
"$run" --grace 1h -- sh -c 'trap "echo first" TERM; echo ready; while :; do sleep 0.01; done' </dev/null >out 2>err &
pid=$!
wait_for ready
kill -TERM $pid
wait_for first
kill -TERM $pid
wait $pid
code=$?
[ $code = 143 ] || fail "exit status $code after two signals"

# The tree ends with the command, however that ends.
mkfifo alive
"$run" -- sh -c 'sleep 1000 & echo ready; wait' </dev/null >alive &
pid=$!
exec 8<alive
read -r word <&8
kill -KILL $pid
cat <&8 >rest
exec 8<&-
wait $pid 2>/dev/null

# Maps
printf '%s\n' 3 1 2 >lines
expect 0 $'^3\n1\n2$' '' map -J 3 -- sh -c 'sleep 0.0{}; echo {}' <lines
expect 0 $'^- 3\n- 1\n- 2$' '' map -- echo - <lines
expect 123 $'^3\n1\n2$' 'exited with code 1.*3 done, 1 failed' map -- \
  sh -c 'echo {}; exit $(({} == 1))' <lines
expect 127 '' 'No such file' map -- ./missing <lines
# A failure names its line, and a terminal has nothing to fear from it.
expect 123 '' "sh: 'a b': exited.*sh: '': exited.*sh: '.x1b.xff': exited.*3 done, 3 failed" map -- \
  sh -c 'exit 1' < <(printf 'a b\n\n\33\377\n')
expect 123 '' '^isolatte-run: false: exited' map -- {} <<<false
expect 123 '' "sh: 'x+\.\.\.': exited" map -- sh -c 'exit 1' < <(printf 'x%.0s' {1..300})
expect 125 '' '^isolatte-run: reading the standard input: Is a directory\s*$' map -- echo <.
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
expect 126 '^1$' 'too long for an argument.*2 done, 1 failed' map -- \
  sh -c 'echo ${#1}' - < <(head -c 200000 /dev/zero | tr '\0' x; printf '\nx\n')
[ "$(printf 'x%.0s' {1..300} | "$run" map -- sh -c 'echo ${#1}' -)" = 300 ] || fail "a last line without an end"
expect 0 $'^-rf\n\n\\$\\(x\\)$' '' map -J 1 -- printf '%s\n' <<<$'-rf\n\n$(x)'
expect 126 '^c$' "'a.x00b': .*null character: Invalid argument.*2 done, 1 failed" map -- echo < <(printf 'a\0b\nc\n')
printf '%s\n' 1000 0 >times
expect 123 '' 'timed_out.*2 done, 1 failed' map -J 2 -t 300ms -- sleep <times
expect 0 $'^1048576\n1048576$' '' map -m 1G -- sh -c 'ulimit -v; : {}' < <(printf '1\n2\n')
expect 0 '' '' map --report reports -- sleep < <(printf '0\n0\n')
[ "$(wc -l <reports)" = 2 ] || fail "a report of a map has a line for each program"
if "$run" --sandbox -- true 2>/dev/null; then
  # The program itself is the line.
  mkdir tests
  for name in one two; do
    printf '#!/bin/sh\necho %s\n' $name >tests/$name
    chmod +x tests/$name
  done
  expect 0 $'^one\ntwo$' '' map -s -J 1 -- ./tests/{} < <(printf 'one\ntwo\n')
  expect 1 '' 'denied' -s -- cat "$folder/secret"
  expect 123 '' 'denied' map -s -- cat < <(echo "$folder/secret")
fi
mkfifo pipe
rm -f out
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

# A map that waits for a line ends at the first signal, too.
"$run" map -- true <pipe >out 2>err &
pid=$!
exec 9>pipe
# Until the command has a handler of SIGINT.
until grep -q '^SigCgt:.*[2367abef]$' /proc/$pid/status; do :; done
kill -INT $pid
wait $pid
code=$?
[ $code = 130 ] || fail "exit status $code of a map without a program after a signal"
exec 9>&-

# A map whose reader does not read ends at a signal, with its programs.
mkfifo unread
printf '%s\n' 1 2 | "$run" map -J 2 -- sh -c 'if [ {} = 1 ]; then until [ -e started ]; do sleep 0.01; done
  head -c 300000 /dev/zero
  else trap ": >ended; exit" TERM; : >started; while :; do sleep 0.01; done; fi' >unread 2>err &
pid=$!
exec 9<unread
# A pipe has no room for the rest.
dd bs=1 count=1 <&9 >/dev/null 2>&1
kill -TERM $pid
wait $pid
code=$?
[ $code = 143 ] || fail "exit status $code of a map without a reader after a signal"
[ -e ended ] || fail "a map without a reader passes no signal on"
exec 9<&-

[ $failures = 0 ] || exit 1
echo "all as expected"
