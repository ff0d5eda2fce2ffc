#!/bin/sh
# tools/check-prose lets plain prose pass, and finds each fault that it names.
set -eu
check=$(cd "$(dirname "$0")/../.." && pwd)/tools/check-prose
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

plant() { # FILE LINE...
  file=$folder/$1
  shift
  printf '%s\n' "$@" >"$file"
}

passes() { # FILE LINE...
  plant "$@"
  if ! "$check" "$folder/$1" >"$folder/log" 2>&1; then
    echo "FAILED: good prose was refused:"
    cat "$folder/$1" "$folder/log"
    failures=1
  fi
}

finds() { # MESSAGE FILE LINE...
  message=$1
  shift
  plant "$@"
  if "$check" "$folder/$1" >"$folder/log" 2>&1 || ! grep -q -e "$message" "$folder/log"; then
    echo "FAILED: not found: $message"
    cat "$folder/$1" "$folder/log"
    failures=1
  fi
}

long=$(printf '%0130d' 0 | sed 's/0/a /g' | cut -c 1-130)

passes page.md '# What travels' '' 'A value of any type. See [What travels](x.md), and `It`.' '' \
  '- one item' '  of two lines' '- another' '' '1. first' '   line' '' 'Text after the list.'
passes page.md '```' "nobody is behind: $long" 'It' '```' '' "    nobody $long"
passes page.md '| a | b |' '|---|---|' "| \`x \\| y\` | $long |"
passes page.md "$(printf '%0119d' 0 | sed 's/0/\xc3\xa9/g')"
passes page.md 'Nothing is left behind, and *nobody* is quoted.'
passes source.cpp '// Kills the child, because a zombie keeps its number.' 'int behind = 0;  // the last one' \
  'auto text = "// It is behind";' '//[nobody' '//]' '/// @code' '/// It whoever' '/// @endcode'
passes script.sh '#!/bin/sh' 'echo nobody # It' 'behind=1'

finds '130 columns' page.md "$long"
finds 'a torn list item' page.md '- one item' 'of two lines'
finds 'a torn list item' source.hpp '/// - one item' '/// of two lines'
finds 'a torn table row' page.md '| a | b |' '|---|---|' '| one | two'
finds '3 cells' page.md '| a | b |' '|---|---|' '| one | two | three |'
finds '"behind"' page.md 'The bytes behind the header.'
finds '"for ever"' source.cpp 'int x;  // waits for ever'
finds '"nobody"' source.cpp '// Nobody reads the pipe.'
finds '"whoever"' script.sh '# Killed by whoever comes first.'
finds 'begins with "It"' page.md 'The child ends. It is reaped.'
finds 'begins with "What"' source.hpp '/// What a child sends.'
finds 'begins with "As"' source.cpp '// One fact.' '// As before.'

exit $failures
