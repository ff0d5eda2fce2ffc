#!/bin/sh
# usage: boost_test.sh PROGRAM TEST
# Runs the module PROGRAM, made of sample.cpp or of included.cpp, and looks at its logs and reports.
set -eu
program=$1
[ -x "$program" ] || { echo "There is no program $program" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BOOST_TEST_COLOR_OUTPUT=no
cd "$work"

run() { # MODE ARGUMENT...: leaves the streams in MODE.out and MODE.err, the exit code in MODE.code
  mode=$1
  shift
  code=0
  ISOLATTE_SAMPLE=$mode ISOLATTE_SAMPLE_FOLDER=$work "$program" "$@" >"$mode.out" 2>"$mode.err" ||
    code=$?
  echo "$code" >"$mode.code"
}

untimed() { # FILE...: without the times
  sed -E -e 's/; testing time: [0-9]+[a-z]+//; s/ time="[0-9.e+-]+"//g' \
    -e 's/<TestingTime>[0-9]+<.TestingTime>//g' "$@"
}

same() { # ARGUMENT...: both ways of running look the same. SIDE_BY_SIDE is for the isolated one alone
  run plain "$@"
  # shellcheck disable=SC2086
  run isolated "$@" ${SIDE_BY_SIDE:-}
  for file in out err code; do
    untimed plain.$file >expected
    untimed isolated.$file >got
    cmp -s expected got || {
      echo "$* ${SIDE_BY_SIDE:-}: $file differs"
      diff expected got
      exit 1
    }
  done
}

shows() { # FILE REGEX: an extended one, in one line
  grep -Eq -e "$2" "$1" || {
    echo "not found: $2"
    cat "$1"
    exit 1
  }
}

hides() { # FILE REGEX
  if grep -En -e "$2" "$1"; then
    echo "found: $2"
    exit 1
  fi
}

counts() { # TEXT: a line of the short report
  shows isolated.err "^  $1\$"
}

test_logs() {
  for format in HRF XML JUNIT; do
    for level in all test_suite message warning error cpp_exception system_error fatal_error nothing; do
      same --run_test=same --log_format=$format --log_level=$level --log_sink=stdout
    done
  done
  grep -q 'to standard output' isolated.out
  for format in HRF XML JUNIT; do
    same --run_test=same_in_one_format --log_format=$format --log_level=message --log_sink=stdout
  done
  # Two formats at once, one of them into a file that is open when the children are made.
  for mode in plain isolated; do
    run $mode --run_test=same --logger=HRF,all,stdout:XML,all,$mode.xml
    untimed $mode.xml >$mode.xml.untimed
  done
  untimed plain.out >expected
  untimed isolated.out | cmp expected -
  cmp plain.xml.untimed isolated.xml.untimed
  shows isolated.xml '<Exception'
}

test_reports() {
  for level in no confirm short detailed; do
    for format in HRF XML; do
      same --run_test=same --report_level=$level --report_format=$format
    done
  done
  same --run_test=same --show_progress
  same --run_test=same --result_code=no
  same --run_test=same --build_info --catch_system_errors=no
}

test_selections() {
  same --run_test=same/fails
  same --run_test=same/depends_on_failure --log_level=test_suite
  same --run_test='same/has_*' --report_level=detailed
  same --run_test=same --run_test='!same/fails' --report_level=detailed
  same --run_test=same --random=5 --log_level=test_suite
  same --list_content
}

test_side_by_side() {
  SIDE_BY_SIDE='-- --jobs 3'
  for format in HRF XML JUNIT; do
    same --run_test=same --log_format=$format --log_level=all --log_sink=stdout --report_level=detailed
  done
  same --run_test=same --random=5 --log_level=all --report_level=detailed

  # A case in the program runs first, though its suite comes later.
  run isolated --run_test=ranks --report_level=short -- --jobs=2
  counts '5 test cases out of [0-9]+ passed'

  run isolated --run_test=meeting --report_level=short -- --jobs=2
  counts '2 test cases out of [0-9]+ passed'
  printf '%s\n' 'Running 2 test cases...' 'first has met last' 'last has met first' | cmp - isolated.out
  run isolated --run_test=ends --report_level=short --log_level=message -- --jobs 4
  shows isolated.out 'ends/aborts": faulted: SIGABRT'
  counts '1007 assertions out of 1019 passed'
  for jobs in 0 -1 two ''; do
    run isolated --run_test=same/passes -- --jobs "$jobs"
    shows isolated.out 'jobs needs a number above 0'
    [ "$(cat isolated.code)" != 0 ]
  done
}

test_arguments() {
  # Everything is as in the program, because it is there.
  run plain --run_test=same --log_level=all --log_sink=stdout
  run isolated --run_test=same --log_level=all --log_sink=stdout -- --in-program
  untimed plain.out >expected
  untimed isolated.out | cmp expected -
  run isolated --run_test=where --report_level=short -- --in-program
  shows isolated.out '^in the program: yes$'
  run isolated --run_test=where --report_level=short -- own --own-option --join -json --in-place
  shows isolated.out '^in the program: no$'
  # A death test dies in a child all the same.
  run isolated --run_test=deaths/dies_as_told --log_level=all -- --in-program
  shows isolated.out 'was expected, and came$'
  for wrong in --job --jobs8 -j8 --in-process --in-programme --in-programm --in_program --in-program=1; do
    run isolated --run_test=same/passes -- "$wrong"
    shows isolated.out "isolatte::test knows no argument $wrong, but --jobs N and --in-program"
    [ "$(cat isolated.code)" != 0 ]
  done
}

test_ends() {
  run plain --run_test=ends --report_level=short
  shows plain.out 'in "ends/reads_null": faulted: SIGSEGV at 0x0$'
  shows plain.out ' ends::reads_null::test_method\(\)'
  hides plain.out 'boost::detail::function|boost::execution_monitor|reads_null_invoker'
  # The checkpoint is in the assertion that crashed, not in the one before.
  line=$(sed -n '/nowhere == 1/=' "$(dirname "$0")/sample.cpp")
  shows plain.out "sample.cpp\\($line\\): last checkpoint\$"
  shows plain.out 'in "ends/aborts": check 1 == 2 has failed'
  shows plain.out 'in "ends/aborts": faulted: SIGABRT$'
  shows plain.out 'in "ends/aborts_at/_1": faulted: SIGABRT$'
  shows plain.out ' ends::aborts_atcase::(_impl<int>|test_method<int const&>)\('
  hides plain.out ' std::__invoke|isolatte::.*recorder'
  # The contexts in which a case ended, and not those that it had left.
  shows plain.out '^    number = 1; $'
  hides plain.out 'number = 0'
  for context in 'outermost 1' 'outer 2' 'inner 3'; do
    shows plain.out "^    $context\$"
  done
  hides plain.out 'left before'
  shows plain.out 'in "ends/leaves": exited with code 3$'
  shows plain.out 'last checkpoint: about to leave$'
  shows plain.out 'in "ends/leaves_well": exited with code 0$'
  shows plain.out 'in "ends/hangs": timed_out: SIGKILL$'
  shows plain.out 'last checkpoint: about to hang$'
  shows plain.out 'in "ends/hangs_too": timed_out: SIGKILL$'
  shows plain.out 'in "ends/hoards": std::bad_alloc: std::bad_alloc, limits.address_space is 1073741824 bytes$'
  shows plain.out 'in "ends/counts_to_the_end": exited with code 0$'
  shows plain.out 'in "ends/overwrites_its_count": the count of passed assertions is lost: the case has written 18446744073709551615 in its place$'
  shows plain.out 'in "ends/overflows": faulted: SIGSEGV at 0x[0-9a-f]+, a stack overflow'
  shows plain.out '^    \(and [0-9]+ times more\)$'
  hides plain.out 'in "ends/(is_well|stays_in_the_program)'
  cp plain.err isolated.err
  counts '3 test cases out of [0-9]+ passed'
  counts '9 test cases out of [0-9]+ failed'
  counts '2 test cases out of [0-9]+ timed-out'
  counts '1007 assertions out of 1019 passed'

  run plain --run_test=divides
  [ "$(cat plain.code)" = 0 ]
  run plain --run_test=divides --detect_fp_exceptions=yes
  shows plain.out 'in "divides": faulted: SIGFPE'
}

test_losses() {
  # No case passes because the program has not heard of its assertion.
  run isolated --run_test=closes --report_level=short
  counts '13 test cases out of [0-9]+ failed'
  shows isolated.out ': undelivered: '
  run isolated --run_test=closes --report_level=short -- --jobs 2
  counts '13 test cases out of [0-9]+ failed'
}

test_deaths() {
  run isolated --run_test=deaths --report_level=short --log_level=all
  shows isolated.out 'death by SIGABRT with "not a number" was expected, and came$'
  shows isolated.out 'death was expected, and came$'
  shows isolated.out 'in "deaths/lives_on": death with "text" was expected: the case ended without$'
  shows isolated.out 'in "deaths/dies_otherwise": death by SIGABRT was expected: signaled: SIGTERM$'
  shows isolated.out 'in "deaths/dies_silently": death by SIGABRT with "last words" was expected: the text is missing$'
  shows isolated.out '^standard error: other words$'
  shows isolated.out 'in "deaths/leaves_instead": death by SIGABRT was expected: exited with code 1$'
  shows isolated.out 'in "deaths/throws_instead": std::runtime_error: thrown$'
  counts '2 test cases out of [0-9]+ passed'
  counts '5 test cases out of [0-9]+ failed'
}

test_included() {
  run plain --run_test=leaves -- --in-program
  [ "$(cat plain.code)" = 3 ]
  hides plain.out 'exited with code'
  run isolated --report_level=short
  shows isolated.out 'in "leaves": exited with code 3$'
  shows isolated.out 'in "fails": check 1 == 2 has failed'
  counts '1 test case out of 3 passed'
  counts '1 assertion out of 3 passed'
}

"test_$2"
