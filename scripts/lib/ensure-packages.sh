#!/usr/bin/env bash
# Installs missing programs from Debian's packages, and only those.
#
#   ensure-packages.sh COMMAND:PACKAGE[:PACKAGE]...     or     ensure-packages.sh --feature test|dev|bench|package
#
# May also be sourced for its functions ensure_packages and ensure_feature. As root on Debian it installs; otherwise it
# names what is missing and returns 1. Services are kept from starting while packages unpack: the lab and the tests run
# private copies of nginx, PostgreSQL and the rest, and a machine must not get a web server because somebody ran tests.

BERTH_PACKAGES_TABLE="$(dirname "${BASH_SOURCE[0]}")/packages.txt"

# Is the program there, also where Debian keeps it off an ordinary user's path?
have_command() (
  PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/games$(printf ':%s' /usr/lib/postgresql/*/bin)"
  command -v "$1" >/dev/null 2>&1
)

# ensure_feature FEATURE...: everything the table lists for these features.
ensure_feature() {
  local command packages features feature specs=()
  while read -r command packages features; do
    [[ -z $command || $command == \#* ]] && continue
    for feature in "$@"; do
      [[ " $features " == *" $feature "* ]] && specs+=("$command:${packages//,/:}") && break
    done
  done <"$BERTH_PACKAGES_TABLE"
  ensure_packages "${specs[@]}"
}

# ensure_packages COMMAND:PACKAGE[:PACKAGE]...
ensure_packages() {
  local spec packages=() commands=()
  for spec in "$@"; do
    have_command "${spec%%:*}" && continue
    commands+=("${spec%%:*}")
    IFS=: read -ra more <<<"${spec#*:}"
    packages+=("${more[@]}")
  done
  ((${#packages[@]} == 0)) && return 0
  if [[ $(id -u) != 0 ]] || ! have_command apt-get; then
    echo "missing: ${commands[*]} (Debian packages: ${packages[*]}); install them, or run as root on Debian" >&2
    return 1
  fi
  install_packages "${packages[@]}" || return 1
  for spec in "${commands[@]}"; do
    have_command "$spec" || { echo "missing: $spec, even after installing ${packages[*]}" >&2; return 1; }
  done
}

# In a subshell, so that its trap removes the policy file whatever happens and touches no trap of the caller.
install_packages() (
  echo "fetching Debian packages: $*" >&2
  policy=/usr/sbin/policy-rc.d
  exec 9>/run/berth-ensure-packages.lock && flock 9
  if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  if apt-get -q update >"$log" 2>&1 9>&- &&
    apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@" >>"$log" 2>&1 9>&-; then
    rm -f "$log"
  else
    echo "apt-get failed:" >&2
    tail -n 20 "$log" >&2
    rm -f "$log"
    exit 1
  fi
)

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -u
  if [[ ${1:-} == --feature ]]; then
    shift
    ensure_feature "$@"
  else
    ensure_packages "$@"
  fi
fi
