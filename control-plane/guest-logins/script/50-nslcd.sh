
nslcd_group() { if grep -q '^nslcd:' "$ROOT/etc/group"; then echo nslcd; else echo root; fi; }
nslcd_user() { if grep -q '^nslcd:' "$ROOT/etc/passwd"; then echo nslcd; else echo root; fi; }

# render_nslcd: nothing is cached, so everything holds at once; pam_authz_search asks at each login whether the person
# is (still) one whom this container's account may see.
render_nslcd() {
  base=$(setting LDAP_BASE)
  cat <<END
# $MARK
uid $(nslcd_user)
gid $(nslcd_group)
$(setting LDAP_URI | tr ' ' '\n' | sed 's/^/uri /')
ssl $(if uses_start_tls; then echo start_tls; else echo on; fi)
tls_cacertfile /etc/berth/ca.pem
tls_reqcert demand
base $base
base passwd ou=people,$base
base shadow ou=people,$base
base group ou=groups,$base
binddn $(setting BIND_DN)
bindpw $(setting SECRET)
pam_authz_search (&(objectClass=posixAccount)(uid=\$username))
nss_min_uid 1000
nss_initgroups_ignoreusers ALLLOCAL
bind_timelimit 5
timelimit 8
idle_timelimit 600
reconnect_sleeptime 1
reconnect_retrytime 5
END
}

setup_nslcd() {
  if [ -f "$ROOT/etc/nslcd.conf" ] && ! grep -qF "$MARK" "$ROOT/etc/nslcd.conf"; then
    mv "$ROOT/etc/nslcd.conf" "$ROOT/etc/nslcd.conf.before-berth"
    say 'kept the nslcd.conf that was there as /etc/nslcd.conf.before-berth'
  fi
  CHANGED=no
  put_file /etc/berth/bind-secret 640 "$(nslcd_group)" printf %s "$(setting SECRET)"
  put_file /etc/nslcd.conf 640 "$(nslcd_group)" render_nslcd
  service enable nslcd
  if [ "$CHANGED" = yes ] || ! is_active nslcd; then service restart nslcd || die 'nslcd does not start; see its log'; fi
  if [ "$FAMILY" = alpine ]; then
    # musl asks nscd's socket instead of loading NSS modules.
    service enable nscd
    service restart nscd
  fi
}

remove_nslcd() {
  rm -f "$ETC/bind-secret"
  [ -f "$ROOT/etc/nslcd.conf" ] && grep -qF "$MARK" "$ROOT/etc/nslcd.conf" || return 0
  drop_file /etc/nslcd.conf
  if [ -f "$ROOT/etc/nslcd.conf.before-berth" ]; then mv "$ROOT/etc/nslcd.conf.before-berth" "$ROOT/etc/nslcd.conf"; fi
  service stop nslcd || true
  service disable nslcd || true
}

# directory SEARCH-BASE FILTER ATTRIBUTE…: asks the directory as this container, over TLS that is verified.
directory() {
  of_nslcd() { sed -n "s/^$1 \(.*\)\$/\1/p" "$ROOT/etc/nslcd.conf" | paste -s -d ' ' -; }
  where=$1
  shift
  if grep -q '^ssl start_tls' "$ROOT/etc/nslcd.conf"; then set -- -ZZ "$@"; fi
  LDAPTLS_CACERT=$CA LDAPTLS_REQCERT=demand LDAPCONF=/dev/null ldapsearch -LLL -x -o ldif-wrap=no -o nettimeout=5 -l 8 \
    -H "$(of_nslcd uri)" -D "$(of_nslcd binddn)" -y "$ETC/bind-secret" \
    -b "$where,$(sed -n 's/^base \([^ ]*=.*\)$/\1/p' "$ROOT/etc/nslcd.conf")" "$@"
}

# authorized_keys USER: for sshd; prints the person's keys. Runs as nslcd, which may read its own configuration alone.
authorized_keys() {
  printf '%s\n' "$1" | grep -qE '^[a-z_][a-z0-9_.-]*$' || exit 0
  directory ou=people "(&(objectClass=posixAccount)(uid=$1))" sshPublicKey | sed -n 's/^sshPublicKey: //p'
}
