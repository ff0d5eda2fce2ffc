#!/bin/sh
# The check of links in doc/site finds each kind of link that leads nowhere, and lets the others pass.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

if ! command -v python3 >/dev/null; then
  echo "no python3"
  exit 1
fi

check() {
  python3 -B -c 'import sys
sys.path.insert(0, sys.argv[1])
import link_check
print("\n".join(link_check.check(sys.argv[2], [("index.js", address) for address in sys.argv[3:]])))' "$root/doc/site" "$folder/site" ${1+"$1"} >"$folder/log"
}

plant() { # LINK
  rm -rf "$folder/site"
  mkdir -p "$folder/site/guide"
  echo '<h1>One</h1><p id="here">text</p><a href="guide/two.html#there"></a>' >"$folder/site/index.html"
  echo "<p id=\"there\">text</p>$1" >"$folder/site/guide/two.html"
  echo 'text' >"$folder/site/guide/file.txt"
}

passes() { # HTML
  plant "$1"
  check
  if grep -q . "$folder/log"; then
    echo "FAILED: $1 was refused:"
    cat "$folder/log"
    failures=1
  fi
}

finds() { # MESSAGE HTML
  plant "$2"
  check
  if [ "$(grep -c . "$folder/log")" -ne 1 ] || ! grep -q -e "$1" "$folder/log"; then
    echo "FAILED: $2: not found, or not alone: $1"
    cat "$folder/log"
    failures=1
  fi
}

passes '<a href="../index.html">up</a><a href="#there">here</a><a href="../index.html#here">there</a>'
passes '<a href="file.txt">a file</a><img src="./file.txt"><a href="https://example.org/none#x">elsewhere</a>'
passes '<p id="a b">x</p><a href="#a%20b">an escaped anchor</a>'

finds 'two.html: the link three.html leads to no file' '<a href="three.html">gone</a>'
finds 'two.html: the link ../../index.html leads to no file' '<a href="../../index.html">outside</a>'
finds 'two.html: the link gone.svg leads to no file' '<img src="gone.svg">'
finds 'two.html: the link page.md leads to no file' '<a href="page.md">not a page</a>'
finds 'guide/two.html has no anchor nowhere' '<a href="#nowhere">gone</a>'
finds 'index.html has no anchor there' '<a href="../index.html#there">on another page</a>'
finds 'file.txt has no anchor top' '<a href="file.txt#top">in no page</a>'
finds 'the anchor there is there more than once' '<p id="there">again</p>'
finds 'the link https://example.org/x.js leads to no file of the site' '<script src="https://example.org/x.js"></script>'
finds 'the link //example.org/x.css leads to no file of the site' '<link rel="stylesheet" href="//example.org/x.css">'
finds 'the link file:///etc/passwd leads to no file' '<a href="file:///etc/passwd">of the machine</a>'

plant ''
check 'guide/two.html#gone'
grep -q 'index.js: guide/two.html has no anchor gone' "$folder/log" || { echo "FAILED: the index of the search"; failures=1; }
check 'guide/two.html#there'
if grep -q . "$folder/log"; then echo "FAILED: a good index was refused"; failures=1; fi

# A page that is twice in the tree would be marked twice as the one that is shown.
python3 -B -c 'import sys
sys.path.insert(0, sys.argv[1])
import navigation
groups = [("One", True, [("a.md", ""), ("b.md", "B")]), ("Two", False, [("c.md", ""), ("a.md", "Again")])]
assert navigation.named_twice(groups) == ["a.md"], navigation.named_twice(groups)
assert navigation.named_twice(groups[:1]) == []' "$root/doc/site" || failures=1

# The anchors are those that GitHub makes, so that a link holds in both.
python3 -B -c 'import sys
sys.path.insert(0, sys.argv[1])
import page
taken = set()
made = [page.slug(text, taken) for text in ("GCC 12 and co_await", "A `x`: 1, 2", "Mind", "Mind", "Über uns")]
assert made == ["gcc-12-and-co_await", "a-x-1-2", "mind", "mind-1", "über-uns"], made' "$root/doc/site" || failures=1

exit $failures
