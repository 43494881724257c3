
# SSSD sockets that Debian starts on demand; they refuse to work beside the list of services that we give.
SSSD_SOCKETS='sssd-nss sssd-pam sssd-pam-priv sssd-ssh sssd-sudo'

# uses_start_tls: with ldap:// the connection is upgraded before anything is said on it.
uses_start_tls() { case $(setting LDAP_URI) in *ldap://*) return 0 ;; *) return 1 ;; esac; }

# sssd_services: the services that are needed beside those that somebody configured before.
sssd_services() {
  given=$(sed -n 's/^[[:space:]]*services[[:space:]]*=//p' "$ROOT/etc/sssd/sssd.conf" 2>/dev/null | tail -n 1)
  printf '%s, nss, pam, ssh, sudo\n' "$given" | awk -F '[ ,]+' '{
    for (i = 1; i <= NF; i++) if ($i != "" && !seen[$i]++) printf "%s%s", n++ ? ", " : "", $i }'
}

# render_sssd: the domain "berth", beside whatever other domains there are.
#
# What holds when: access is asked of the directory at each login, by key too, so who is no member any more, or is
# suspended, does not get in. Passwords are never kept here (cache_credentials): with the control plane away nobody
# logs in by password, while keys of those who could log in last time go on working; once it is back, passwords work
# within half a minute. Whoever wants another bargain puts it into a file of his own in conf.d that sorts after this one.
# What is cached serves at most seconds where a login depends on it (keys, groups, sudo taken away); sudo that is given
# shows within 15 s.
render_sssd() {
  base=$(setting LDAP_BASE)
  cat <<END
# $MARK
[sssd]
services = $(sssd_services)

[nss]
entry_negative_timeout = 5

[domain/berth]
enabled = true
id_provider = ldap
auth_provider = ldap
chpass_provider = ldap
access_provider = ldap
sudo_provider = ldap
ldap_uri = $(setting LDAP_URI | sed 's/ /, /g')
ldap_id_use_start_tls = $(if uses_start_tls; then echo true; else echo false; fi)
ldap_tls_cacert = /etc/berth/ca.pem
ldap_tls_reqcert = demand
ldap_default_bind_dn = $(setting BIND_DN)
ldap_default_authtok = $(setting SECRET)
ldap_schema = rfc2307
ldap_search_base = $base
ldap_user_search_base = ou=people,$base
ldap_group_search_base = ou=groups,$base
ldap_sudo_search_base = ou=sudoers,$base
ldap_user_ssh_public_key = sshPublicKey
ldap_access_order = filter
ldap_access_filter = (objectClass=posixAccount)
cache_credentials = false
min_id = 1000
entry_cache_timeout = 5
entry_cache_sudo_timeout = 5
ldap_sudo_smart_refresh_interval = 15
ldap_sudo_full_refresh_interval = 3600
ldap_sudo_random_offset = 0
offline_timeout = 5
offline_timeout_max = 30
offline_timeout_random_offset = 5
ldap_network_timeout = 5
ldap_opt_timeout = 8
ldap_connection_expire_timeout = 600
END
}

setup_sssd() {
  CHANGED=no
  # From 2.10 on SSSD runs as a user of its own; before, it takes no file that its group may read.
  if grep -qs '^User=sssd' "$ROOT/usr/lib/systemd/system/sssd.service"; then
    put_file /etc/sssd/conf.d/50-berth.conf 640 sssd render_sssd
  else
    put_file /etc/sssd/conf.d/50-berth.conf 600 '' render_sssd
  fi
  for name in $SSSD_SOCKETS; do
    have systemctl || continue
    [ "$(systemctl ${ROOT:+--root="$ROOT"} is-enabled "$name.socket" 2>/dev/null)" = enabled ] || continue
    service disable "$name.socket"
    service stop "$name.socket"
    note_undo "socket $name"
  done
  service enable sssd
  if [ "$CHANGED" = yes ] || ! is_active sssd; then service restart sssd || die 'SSSD does not start; see its log'; fi
}

remove_sssd() {
  [ -f "$ROOT/etc/sssd/conf.d/50-berth.conf" ] || return 0
  drop_file /etc/sssd/conf.d/50-berth.conf
  rm -f "$ROOT"/var/lib/sss/db/*berth* "$ROOT"/var/lib/sss/mc/*
  if [ -f "$ROOT/etc/sssd/sssd.conf" ]; then
    service restart sssd || true
  else
    service stop sssd || true
    service disable sssd || true
  fi
  for name in $SSSD_SOCKETS; do
    noted "socket $name" || continue
    service enable "$name.socket"
    forget_undo "socket $name"
  done
}
