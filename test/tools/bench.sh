#!/bin/sh
# bench/report.py measures with a program, prints the results, stores them, draws them and compares them.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

report() { # ARGUMENT...: the output is in $folder/log, the exit status in $status
  status=0
  PATH="$folder/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 \
    python3 "$root/bench/report.py" "$@" >"$folder/log" 2>&1 || status=$?
}

complain() {
  echo "FAILED: $1"
  cat "$folder/log"
  failures=1
}

expects() { # STATUS REGEX...
  [ "$status" -eq "$1" ] || complain "exit status $status instead of $1"
  shift
  for regex in "$@"; do
    grep -Eq -e "$regex" "$folder/log" || complain "not found: $regex"
  done
}

lacks() { # REGEX
  ! grep -Eq -e "$1" "$folder/log" || complain "found: $1"
}

# A file of results: one row of the library, at a ratio with its quartiles to the row by hand.
results() { # FILE ROW MEDIAN LOW HIGH [MICROSECONDS BY HAND]
  cat >"$folder/$1" <<END
{"machine": {"processor": "A processor", "processors": 2, "system": "Linux 6", "date": "2026-01-01",
             "compiler": "GCC 12", "boost": "1_81", "commit": "abc"},
 "repetitions": 9, "missing": {"Ruby": "there is no ruby"},
 "rows": {
  "raw/int": {"us": {"median": ${6:-100}, "low": 90, "high": 110}, "samples_us": [${6:-100}]},
  "thread_pool/echo/workers:2/in_flight:1":
    {"us": {"median": 50, "low": 50, "high": 50}, "samples_us": [50],
     "ratio": {"to": "raw/int", "median": $3, "low": $4, "high": $5}},
  "$2": {"us": {"median": 150, "low": 140, "high": 160}, "samples_us": [150], "calls": 43,
         "ratio": {"to": "raw/int", "median": $3, "low": $4, "high": $5}}}}
END
}

compares() { # the two files of results
  report --results "$folder/new.json" --compare "$folder/old.json"
}

# The quartiles of a row have to part, and its ratio has to grow by more than noise.
results old.json async/int 1.50 1.45 1.55
compare_with() { # ROW MEDIAN LOW HIGH [MICROSECONDS BY HAND]
  results new.json "$@"
  compares
}
compare_with async/int 1.50 1.45 1.55
expects 0 '^0 slower, 0 faster, 0 not compared'
compare_with async/int 2.00 1.90 2.10
expects 1 '^async/int +raw/int +1.50 +2.00 +\+33 %' '^1 slower, 0 faster, 0 not compared'
lacks 'thread_pool'
compare_with async/int 2.00 1.50 2.50
expects 0 '^0 slower, 0 faster'
compare_with async/int 1.56 1.56 1.57
expects 0 '^0 slower, 0 faster'
compare_with async/int 1.00 0.95 1.05
expects 0 '^async/int +raw/int +1.50 +1.00 +-33 %' '^0 slower, 1 faster'
# Absolute figures do not count.
compare_with async/int 1.50 1.45 1.55 1000
expects 0 '^0 slower, 0 faster'
# A row that has gone is named.
compare_with async/struct 1.50 1.45 1.55
expects 0 '^not compared: async/int: not in the new results' '1 not compared'

results new.json async/int 1.50 1.45 1.55
sed -i 's/A processor/Another one/; s/"repetitions": 9/"repetitions": 2/' "$folder/new.json"
compares
expects 0 '^the machines differ: A processor, .* then, Another one, .* now' '^fewer than 5 rounds'

echo '{"rows": {}}' >"$folder/new.json"
compares
expects 2 'new.json is no file of results'
report --results "$folder/none.json"
expects 2 'none.json is no file of results'
report --results "$folder/old.json" --benchmark_filter=x
expects 2 'unknown arguments: --benchmark_filter=x'
report
expects 2 'either --program or --results'

# A report.
results old.json async/int 1.50 1.45 1.55
report --results "$folder/old.json"
expects 0 '^A processor, 2 processors, Linux 6, 2026-01-01' '^missing: Ruby: there is no ruby' \
  '^async/int +150.0 +13 % +6667 +1.50 +43.0' '^an int : by hand +1.50 +1.50-1.50'

# Plots go to gnuplot, which names the machine in them; the others have no rows here.
mkdir "$folder/bin"
cat >"$folder/bin/gnuplot" <<'END'
#!/bin/sh
cat >>"$(dirname "$0")/../script"
END
chmod +x "$folder/bin/gnuplot"
report --results "$folder/old.json" --plots "$folder/plots"
expects 0 "^$folder/plots/sandbox.svg" "^$folder/plots/in_flight.svg" 'no .*/memory.svg: there are no such rows'
grep -q "A processor, 2 processors" "$folder/script" || complain 'a plot does not name the machine'
grep -q '^"no sandbox" 150 140 160' "$folder/script" || complain 'a plot lacks a row'

# A run: rows in processes of their own, the second of two repetitions, the ratios of each round.
cat >"$folder/program" <<'END'
#!/bin/sh
case "$*" in
  *--benchmark_list_tests=true*)
    printf '%s\n' raw/int/iterations:9/real_time async/int/iterations:9/real_time async/box/real_time
    exit
    ;;
esac
for argument in "$@"; do
  case $argument in --benchmark_filter=^*) name=${argument#*^} name=${name%$} ;; esac
done
count=
[ "${1:-}" != --count ] || count='"calls": 43,'
case $name in
  raw/*) time=1 ;;
  async/int*) time=3 ;;
  *) count='"error_occurred": true, "error_message": "no box",' time=0 ;;
esac
# Each round is twice as slow as the last one: the ratio stays the same.
echo x >>"$0.$time"
time=$((time << $(wc -l <"$0.$time")))
row="\"name\": \"$name\", \"run_type\": \"iteration\", \"time_unit\": \"us\", $count \"jobs\": 2"
echo "{\"context\": {\"compiler\": \"GCC 12\"}, \"benchmarks\": [
  {$row, \"real_time\": 12345}, {$row, \"real_time\": $((time * 100))},
  {\"name\": \"${name}_mean\", \"run_type\": \"aggregate\", \"real_time\": 54321}]}"
END
chmod +x "$folder/program"
report --program "$folder/program" --repetitions 3 --json "$folder/run.json" --benchmark_filter='no peer'
expects 0 '^missing: async/box: no box' '^async/int +600.0 .* 3.00 +43.0' '^an int : by hand +3.00 +3.00-3.00'
report --results "$folder/run.json" --compare "$folder/run.json"
expects 0 '^0 slower, 0 faster, 0 not compared'

printf '#!/bin/sh\necho it broke >&2\nexit 3\n' >"$folder/program"
report --program "$folder/program" --repetitions 1
expects 2 'ended with 3:' 'it broke'
report --program "$folder/none" --repetitions 1
expects 2 '^bench: .*/none cannot be run: No such file'
# Nothing is measured in vain.
for place in json plots; do
  report --program "$folder/program" --$place "$folder/program/$place"
  expects 2 "^bench: .*/program/$place cannot be written: Not a directory"
done

exit $failures
