#!/bin/sh
# tools/draw-trace draws a trace, also one that the end of its program has cut short, and names a file that is none.
set -eu
if ! command -v python3 >/dev/null; then
  echo "no python3"
  exit 1
fi
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >whole.json <<'END'
[
{"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"fork 1"}},
{"ph":"X","name":"returned","cat":"fork","pid":1,"tid":1,"ts":1.000,"dur":900.000,"args":{"job":1}},
{"ph":"X","name":"faulted","cat":"fork","pid":1,"tid":1,"ts":950.000,"dur":70.000,"args":{"job":2}}
]
END

draws() { # JOBS FILE
  "$root/tools/draw-trace" "$2" picture.svg
  grep -q "<title>$1 jobs in 1 rows</title>" picture.svg || {
    echo "FAILED: $2 has not $1 jobs"
    exit 1
  }
}

draws 2 whole.json
sed '$d' whole.json >without_end.json
draws 2 without_end.json
head -c 230 whole.json >within_a_job.json
draws 1 within_a_job.json

for content in 'no trace' '{"ph":"X"}' '[1]'; do
  echo "$content" >other.json
  if "$root/tools/draw-trace" other.json picture.svg 2>log || ! grep -q '^draw-trace: other.json is no trace' log; then
    echo "FAILED: $content is not refused"
    cat log
    exit 1
  fi
done
