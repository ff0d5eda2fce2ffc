# shellcheck shell=bash
# Fresh Debian systems in folders, and commands in them: tools/matrix and tools/package read this file.
# debootstrap makes such a system below MATRIX_FOLDER (/var/tmp/isolatte-matrix by default), which takes
# root; it stays for the next time. MATRIX_MIRROR is the mirror of Debian, http://deb.debian.org/debian
# by default.

systems=${MATRIX_FOLDER:-/var/tmp/isolatte-matrix}
mirror=${MATRIX_MIRROR:-http://deb.debian.org/debian}

# The system that commands run in: empty for this one, else a folder.
system=''

inside() { # COMMAND...
  if [ -z "$system" ]; then
    "$@"
    return
  fi
  # The mounts vanish with the namespace.
  unshare --mount sh -c '
    system=$1
    shift
    mount -t proc proc "$system/proc"
    mount --rbind /dev "$system/dev"
    mount --rbind /sys "$system/sys"
    exec chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive "$@"' sh "$system" "$@"
}

# Prints why no system can be made here, if so.
no_systems_because() {
  local each
  [ "$(id -u)" -eq 0 ] || { echo "another system than this one takes root"; return; }
  for each in debootstrap unshare chroot; do
    command -v $each >/dev/null || { echo "no $each here"; return; }
  done
}

# Makes the system NAME, of a release of Debian, unless it is there. Another system's release has a mirror,
# and arguments of debootstrap that stand before it and after it.
make_system() { # NAME RELEASE [MIRROR OPTION SCRIPT]
  local folder=$systems/$1
  [ ! -e "$folder/.ready" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  debootstrap --variant=minbase ${4:+"$4"} "$2" "$folder" "${3:-$mirror}" ${5:+"$5"} || return
  # Only this server's packages are needed, and no service starts in there.
  printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
  chmod +x "$folder/usr/sbin/policy-rc.d"
  touch "$folder/.ready"
}
