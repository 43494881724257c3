
# configure: everything as logins.conf says.
configure() {
  WITH=$(setting WITH)
  check_settings
  if [ "$WITH" = sssd ]; then
    remove_nslcd
    for database in passwd group shadow sudoers; do add_nss "$database" sss; done
    setup_sssd
  else
    remove_sssd
    for database in passwd group shadow; do add_nss "$database" ldap; done
    setup_nslcd
  fi
  setup_pam
  setup_sshd
  setup_sudo
}

install_self() {
  if [ "$(readlink -f "$0")" != "$SELF" ]; then put_file "$SELF" 755 '' cat "$0"; fi
  mkdir -p "$ROOT/usr/local/sbin"
  ln -sfn "$SELF" "$ROOT/usr/local/sbin/berth-logins"
}

choose_way() {
  WITH=${1:-$(setting WITH)}
  [ -n "$WITH" ] || WITH=$(cat "$ETC/with" 2>/dev/null) || true
  [ -n "$WITH" ] || { if [ "$FAMILY" = alpine ]; then WITH=nslcd; else WITH=sssd; fi; }
}

setup() {
  with='' environment=no
  while [ $# -gt 0 ]; do
    case $1 in
      --with) with=${2:?--with takes sssd or nslcd} && shift ;;
      --url) printf 'URL=%s\n' "${2:?--url takes an address}" | put_settings && shift ;;
      --from-environment) environment=yes ;;
      *) die "it takes no $1" ;;
    esac
    shift
  done
  choose_way "$with"
  mkdir -p "$ETC"
  install_packages
  if [ "$environment" = yes ]; then from_environment; fi
  if [ -n "${BERTH_TOKEN:-}" ]; then redeem; fi
  unset BERTH_TOKEN
  printf 'WITH=%s\n' "$WITH" | put_settings
  check_settings
  install_self
  # What stood in the container's environment was seen by others (PVE keeps it), so it is changed before its first use.
  if [ "$(setting SECRET)" = "$(given BERTH_LDAP_SECRET)" ]; then
    exchange now || die 'the control plane could not be asked for a secret of this container alone'
  fi
  configure
  confirm || say 'the control plane could not be told; the former secret works a while longer'
  date -u +%Y-%m-%dT%H:%M:%SZ >"$ETC/set-up"
  periodic berth-logins-sync 'OnCalendar=daily
RandomizedDelaySec=12h
Persistent=true' "$SELF sync" 'Settings and bind secret of Berth' "$(cron_time)"
  say 'done: members of this container can log in'
}

# cron_time: some minute of the night, another on each machine.
cron_time() { od -An -N2 -tu1 /dev/urandom | awk '{ print $1 % 60, $2 % 6, "* * *" }'; }

# sync: once a day. An unreachable control plane changes nothing.
sync_settings() {
  before=$(setting SECRET)
  exchange "${1:-due}" || die 'the control plane could not be asked; everything stays as it is'
  configure
  [ "$(setting SECRET)" = "$before" ] || confirm || true
}

remove() {
  no_periodic berth-logins-sync "$SELF sync"
  remove_sudo
  remove_sshd
  remove_pam
  remove_nss
  remove_sssd
  remove_nslcd
  rm -f "$ROOT/usr/local/sbin/berth-logins" "$ROOT$SELF"
  rm -rf "$ETC"
  say 'everything is taken back; homes and packages stay'
}

main() {
  action=${1:-setup}
  [ $# -eq 0 ] || shift
  if [ "$action" = authorized-keys ]; then
    authorized_keys "$1"
    return
  fi
  [ "$(id -u)" = 0 ] || die 'this takes root'
  FAMILY=$(family)
  case $action in
    setup) setup "$@" ;;
    sync) sync_settings "$@" ;;
    sudo-rules) sudo_rules ;;
    prepare) prepare "$@" ;;
    remove) remove ;;
    *) die "it knows setup, sync, prepare and remove, not $action" ;;
  esac
}

main "$@"
