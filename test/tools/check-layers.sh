#!/bin/sh
# tools/check-layers lets a layered tree pass and finds every kind of breach.
set -eu
check=$(cd "$(dirname "$0")/../.." && pwd)/tools/check-layers
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

plant() { # FILE LINE...
  file=$tree/$1
  shift
  mkdir -p "$(dirname "$file")"
  printf '%s\n' "$@" >"$file"
}

layered_tree() {
  rm -rf "$tree"
  plant doc/design/layers.md 'Prose.' '```layers' \
    '# from bottom to top' \
    'include/isolatte/config.hpp :' \
    'include/isolatte/* : include/isolatte/config.hpp boost/*' \
    'lib/logic/* : include/* boost/* !boost/asio*' \
    'lib/posix/* : include/* system/*' \
    'lib/* : * !system/*' '```' 'More prose.'
  plant include/isolatte/config.hpp '#include <cstddef>'
  plant include/isolatte/a.hpp '#include <isolatte/config.hpp>' '#include <boost/asio.hpp>'
  plant lib/logic/machine.hpp '#include "../../include/isolatte/a.hpp"' '#include <boost/any.hpp>'
  plant lib/logic/machine.cpp '#include "machine.hpp"' '#include <vector>'
  plant lib/posix/fork.hpp '#  include <sys/wait.h>'
  plant lib/a.cpp '#include "posix/fork.hpp"' '#include "logic/machine.hpp"' '#include <boost/asio.hpp>'
}

passes() {
  if ! "$check" "$tree" >"$tree/log" 2>&1; then
    echo "FAILED: a good tree was refused:"
    cat "$tree/log"
    failures=1
  fi
}

refuses() { # REGEX: for this reason, and no other
  if "$check" "$tree" >"$tree/log" 2>&1; then
    echo "FAILED: a bad tree passed, expected: $1"
    failures=1
  elif grep -Evq -e "$1" "$tree/log"; then
    echo "FAILED: expected only $1, found:"
    cat "$tree/log"
    failures=1
  fi
}

layered_tree
passes

layered_tree
plant include/isolatte/a.hpp '#include <unistd.h>'
refuses 'a.hpp:1: include/isolatte/\* may not include system/unistd.h'

layered_tree
plant lib/logic/machine.cpp '// why' '#include <boost/asio/io_context.hpp>'
refuses 'machine.cpp:2: lib/logic/\* may not include boost/asio/io_context.hpp'

layered_tree
plant lib/logic/machine.cpp '#include "posix/fork.hpp"'
refuses 'machine.cpp:1: goes upwards, from lib/logic/\* to lib/posix/fork.hpp'

layered_tree
plant lib/posix/fork.cpp '#include "../logic/machine.hpp"'
refuses 'fork.cpp:1: lib/posix/\* may not include lib/logic/machine.hpp'

# A folder inside another one is a layer of its own.
layered_tree
sed -i 's|^lib/\* : .*|&\nlib/posix/child/* : lib/posix/*|' "$tree/doc/design/layers.md"
plant lib/posix/child/main.cpp '#include "posix/fork.hpp"'
passes
plant lib/posix/fork.hpp '#include "posix/child/main.hpp"'
plant lib/posix/child/main.hpp '#include <vector>'
refuses 'fork.hpp:1: goes upwards, from lib/posix/\* to lib/posix/child/main.hpp'

layered_tree
plant include/isolatte/config.hpp '#include <isolatte/a.hpp>'
refuses 'config.hpp:1: goes upwards|include each other|^  include/isolatte/'

layered_tree
plant include/isolatte/b.hpp '#include "c.hpp"'
plant include/isolatte/c.hpp '#include <isolatte/b.hpp>'
refuses 'include each other|^  include/isolatte/'

layered_tree
plant lib/a.cpp '#include <isolatte/gone.hpp>'
refuses 'a.cpp:1: finds no isolatte/gone.hpp'

layered_tree
sed -i '/^lib\/\*/d' "$tree/doc/design/layers.md"
refuses 'lib/a.cpp: belongs to no layer'

layered_tree
plant doc/design/layers.md 'Prose without a table.'
refuses 'table is empty|belongs to no layer'

exit $failures
