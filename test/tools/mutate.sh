#!/bin/sh
# usage: sh mutate.sh
# Tests what tools/mutate finds in a source, without building anything: each kind of change, in the function
# in which it belongs, and none in a declaration, a comment, a text or a template.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The changes that tools/mutants.txt lists are still made.
"$root/tools/mutate" --list >"$work/all" || { tail -n 5 "$work/all"; exit 1; }

mkdir -p "$work/tools" "$work/lib/logic"
cp "$root/tools/mutate" "$work/tools"
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
