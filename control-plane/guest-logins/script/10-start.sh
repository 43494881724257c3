#!/bin/sh
# Sets up logins by the people of Berth in this machine: who is a member of the container logs in, whose role allows
# it gets sudo, decided centrally and at each login. It writes files of its own, changes as little as it can of what
# others wrote, and `berth-logins remove` takes all of it back. Running it again changes nothing that is right.
#
#   setup [--with sssd|nslcd] [--url URL] [--from-environment]   set up; a single-use token comes in BERTH_TOKEN
#   sync [now]          ask the control plane for settings and, when it is due (or now), for a new bind secret
#   prepare [--with …]  install what a template needs, so that its copies set themselves up at their first boot
#   remove              take everything back
#
# It comes from the control plane at /guest/setup.sh and holds no secret. Settings are in /etc/berth/logins.conf.
set -eu
umask 022

ROOT=${BERTH_ROOT:-}
ETC=$ROOT/etc/berth
CONF=$ETC/logins.conf
CA=$ETC/ca.pem
UNDO=$ETC/undo
SELF=/usr/lib/berth/berth-logins
MARK='Written by Berth (berth-logins): changes by hand are lost, berth-logins remove takes it away.'
CHANGED=no

say() { printf 'berth-logins: %s\n' "$*"; }
die() { printf 'berth-logins: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# put_file PATH MODE GROUP COMMAND…: what the command prints becomes the file, whole or not at all; an empty group is
# root's. Sets CHANGED to yes when it differs from what was there, so it must not stand in a pipeline.
put_file() {
  path=$1 mode=$2 group=$3
  shift 3
  mkdir -p "$(dirname "$ROOT$path")"
  draft=$ROOT$path.berth-new
  (umask 077 && "$@" >"$draft")
  chmod "$mode" "$draft"
  [ -z "$group" ] || chgrp "$group" "$draft"
  if cmp -s "$draft" "$ROOT$path"; then
    rm -f "$draft"
    return 0
  fi
  sync "$draft" 2>/dev/null || sync
  mv -f "$draft" "$ROOT$path"
  CHANGED=yes
  say "wrote $path"
}

# swap_in FILE: puts FILE.berth-new, edited from somebody else's file, in its place.
swap_in() {
  chmod 644 "$1.berth-new"
  mv -f "$1.berth-new" "$1"
}

# drop_file PATH: removes a file of ours; one that somebody else put in its place stays.
drop_file() {
  [ -f "$ROOT$1" ] || return 0
  if ! grep -qF "$MARK" "$ROOT$1"; then
    say "left $1 alone: it is not Berth's any more"
    return 0
  fi
  rm -f "$ROOT$1"
  say "removed $1"
}

# Things done to what belongs to others, one a line; `remove` undoes those and nothing else.
note_undo() { grep -qxF "$1" "$UNDO" 2>/dev/null || printf '%s\n' "$1" >>"$UNDO"; }
noted() { grep -qxF "$1" "$UNDO" 2>/dev/null; }
forget_undo() {
  [ -f "$UNDO" ] || return 0
  grep -vxF "$1" "$UNDO" >"$UNDO.new" || true
  mv -f "$UNDO.new" "$UNDO"
}

# setting NAME: a value of logins.conf. The file is read and never executed.
setting() { sed -n "s/^$1=//p" "$CONF" 2>/dev/null | tail -n 1; }

# fits NAME VALUE PATTERN: refuses a value that could mean something else in a configuration file.
fits() {
  printf '%s\n' "$2" | awk -v pattern="^($3)\$" 'NR > 1 || $0 !~ pattern { exit 1 }' ||
    die "the setting $1 is not what it should be; ask for a new command on the container's page"
}

# check_settings: everything that is put into other programs' files has a shape without room for surprises.
check_settings() {
  fits URL "$(setting URL)" 'https://[]A-Za-z0-9.:[-]+'
  fits LDAP_URI "$(setting LDAP_URI)" 'ldaps?://[]A-Za-z0-9.:[-]+( ldaps?://[]A-Za-z0-9.:[-]+)*'
  fits LDAP_BASE "$(setting LDAP_BASE)" '[A-Za-z0-9][A-Za-z0-9=,. -]*'
  fits BIND_DN "$(setting BIND_DN)" '[A-Za-z0-9][A-Za-z0-9=,. -]*'
  fits CONTAINER "$(setting CONTAINER)" '[A-Za-z0-9-]+'
  fits SECRET "$(setting SECRET)" '[A-Za-z0-9_-]+'
  fits WITH "$(setting WITH)" 'sssd|nslcd'
}

# put_settings: writes logins.conf anew from NAME=VALUE lines on standard input; names not among them keep their value.
put_settings() {
  mkdir -p "$ETC"
  { cat "$CONF" 2>/dev/null || true; cat; } |
    awk -F= '/^[A-Z_]+=/ { if (!($1 in value)) order[++n] = $1; value[$1] = substr($0, length($1) + 2) }
      END { for (i = 1; i <= n; i++) print order[i] "=" value[order[i]] }' >"$CONF.berth-in"
  chmod 600 "$CONF.berth-in"
  put_file /etc/berth/logins.conf 600 '' cat "$CONF.berth-in"
  rm -f "$CONF.berth-in"
}
