#!/bin/sh
# cmake/EmbedSite.cmake puts files into a source, and refuses a file that is empty or of a type that it does not know.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

embed() { # FILE...
  cmake "-DOUTPUT=made.cpp" "-DFILES=$(IFS=';' && echo "$*")" -P "$root/cmake/EmbedSite.cmake" >log 2>&1
}

printf 'hi' >index.html
printf 'x' >a.js
embed index.html a.js
grep -q '{"/", "text/html; charset=utf-8", {file_0, sizeof file_0}}' made.cpp
grep -q '{"/a.js", "text/javascript; charset=utf-8", {file_1, sizeof file_1}}' made.cpp
grep -q "'.x68','.x69'" made.cpp

refuses() { # MESSAGE FILE
  if embed index.html "$2" || ! grep -q "$1" log; then
    echo "FAILED: $2 was taken, or refused without: $1"
    cat log
    exit 1
  fi
}

: >empty.js
printf '\n' >newline.css
printf 'x' >picture.bmp
refuses 'nothing is in empty.js' empty.js
refuses 'nothing is in newline.css' newline.css
refuses 'no type is known for picture.bmp' picture.bmp
