#!/bin/sh
# Every namespace isolatte has the inline namespace of the ABI in it, named after the version whose
# SOVERSION the library has.
set -eu
cd "$(dirname "$0")/../.."
number=$(sed -n 's/^#define ISOLATTE_VERSION //p' include/isolatte/config.hpp)
tag=v$((number / 100000))_$((number / 100 % 1000))
if grep -rnE '^ *namespace isolatte' include lib lib_test --include='*.?pp' |
  grep -vE ":namespace isolatte::inline $tag(::[a-z_:]+)? \{|^include/isolatte/config.hpp:[0-9]+:namespace isolatte \{"; then
  echo "is not in isolatte::inline $tag"
  exit 1
fi
grep -q "^inline namespace $tag {}" include/isolatte/config.hpp
