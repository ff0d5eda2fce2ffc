#!/bin/sh
# usage: sh mutate.sh
# Tests what tools/mutate finds in a source: each kind of change, in the function in which it belongs, and
# none in a declaration, a comment, a text or a template. Tries the changes of a small source, too.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The changes that tools/mutants.txt lists are still made, and the tests are there that are to be run.
"$root/tools/mutate" --list >"$work/all" || { tail -n 5 "$work/all"; exit 1; }

mkdir -p "$work/tools" "$work/lib/logic" "$work/include" "$work/test/unit"
cp "$root/tools/mutate" "$work/tools"
: >"$work/test/unit/frame.cpp"
cat >"$work/lib/logic/frame.cpp" <<'SOURCE'
#include <vector>  // 1 < 2
namespace some {
/* a && b */
constexpr int size = 64 * 1024;
constexpr int most = 3;
template <class T>
struct shape {
  std::vector<T> all;
  bool empty() const noexcept { return all.empty(); }
};
bool shape_of(int a, bool b) {
  const char* text = "a < b";
  if (a < 4 && !b) return true;
  for (int i = 0; i != a; ++i) count(i);
  switch (a) {
    case 1: b = false; break;
    default: break;
  }
  return a == 2;
}
}
SOURCE
"$work/tools/mutate" --list --file lib/logic/frame.cpp >"$work/found"
grep '^[+0-9]' "$work/found" >"$work/changes"
cat >"$work/expected" <<'CHANGES'
+ constexpr int most = 2;
+ constexpr int most = 4;
+ bool empty() const noexcept { return !(all.empty()); }
+ if (false) return true;
+ if (true) return true;
+ if (a <= 4 && !b) return true;
+ if (a < 3 && !b) return true;
+ if (a < 5 && !b) return true;
+ if (a < 4 || !b) return true;
+ if (a < 4 && b) return true;
+ if (a < 4 && !b) return false;
+ for (int i = 1; i != a; ++i) count(i);
+ for (int i = 0; false; ++i) count(i);
+ for (int i = 0; true; ++i) count(i);
+ for (int i = 0; i != a; --i) count(i);
+ for (int i = 0; i != a; ) count(i);
+ for (int i = 0; i != a; ++i) ;
+ case 1: ; break;
+ case 1: b = false; ;
+ return !(a == 2);
+ return a == 1;
+ return a == 3;
22 changes
CHANGES
diff "$work/expected" "$work/changes"
grep -q ': shape::empty$' "$work/found"
grep -q ': shape_of$' "$work/found"

# Tests that notice every change and few, one that leaves in a way of its own, one that notices that the
# source is another text, and one that fails anyhow.
try() { # STATEMENT OUTPUT STATUS
  cat >"$work/lib/logic/frame.cpp" <<'SOURCE'
bool is_small(int n) {
  return n < 4;
}
int here() { return __LINE__; }
SOURCE
  cat >"$work/test/unit/frame.cpp" <<TEST
#include <boost/test/unit_test.hpp>
#include <cstdlib>
bool is_small(int n);
int here();
BOOST_AUTO_TEST_SUITE(frame)
BOOST_AUTO_TEST_CASE(of_the_source) { $1; }
BOOST_AUTO_TEST_SUITE_END()
TEST
  status=0
  timeout 300 "$work/tools/mutate" --jobs 1 --file lib/logic/frame.cpp >"$work/tried" 2>&1 || status=$?
  grep -qF "$2" "$work/tried" && [ "$status" = "$3" ] || { cat "$work/tried"; exit 1; }
}
try 'BOOST_TEST((is_small(3) && !is_small(4)))' '4 killed by a test, 0 by the time limit, 0 did not' 0
try 'BOOST_TEST(is_small(0))' '3 survived, 3 of these unexpectedly' 1
try 'if (is_small(4)) std::_Exit(5)' 'ends with 5' 1
try 'BOOST_TEST((is_small(3) && here() == 4))' 'though it makes none' 1
try 'BOOST_TEST(is_small(4))' 'The tests fail without a change' 1
