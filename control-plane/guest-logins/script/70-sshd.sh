
# render_sshd: only for the people of the directory; what others may do stays as it was configured.
render_sshd() {
  cat <<END
# $MARK
UsePAM yes
Match Group ldapusers
    PasswordAuthentication yes
    PubkeyAuthentication yes
END
  if [ "$WITH" = sssd ]; then
    printf '    AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys %%u\n    AuthorizedKeysCommandUser nobody\n'
  else
    printf '    AuthorizedKeysCommand %s authorized-keys %%u\n    AuthorizedKeysCommandUser %s\n' "$SELF" "$(nslcd_user)"
  fi
}

# Alpine ships an sshd that knows PAM beside the one that does not.
setup_sshd_alpine() {
  [ -x "$ROOT/usr/sbin/sshd.pam" ] || return 0
  ! grep -q 'sshd.pam' "$ROOT/etc/conf.d/sshd" 2>/dev/null || return 0
  printf 'command=/usr/sbin/sshd.pam # berth-logins\n' >>"$ROOT/etc/conf.d/sshd"
  service restart sshd
}

with_include() {
  printf 'Include /etc/ssh/sshd_config.d/*.conf\n'
  cat "$1"
}

setup_sshd() {
  CHANGED=no
  if [ "$FAMILY" = alpine ]; then setup_sshd_alpine; fi
  put_file /etc/ssh/sshd_config.d/50-berth.conf 644 '' render_sshd
  main=$ROOT/etc/ssh/sshd_config
  if ! grep -qiE '^[[:space:]]*include[[:space:]]+("?/etc/ssh/)?sshd_config\.d/' "$main"; then
    put_file /etc/ssh/sshd_config 644 '' with_include "$main"
    note_undo 'sshd include'
  fi
  if [ "$CHANGED" = no ] || ! live; then return 0; fi
  if ! sshd_says=$("$(command -v sshd)" -t 2>&1); then
    rm -f "$ROOT/etc/ssh/sshd_config.d/50-berth.conf"
    die "sshd does not take its new configuration, so it was taken back: $sshd_says"
  fi
  service reload "$(ssh_service)" || service restart "$(ssh_service)"
}

remove_sshd() {
  drop_file /etc/ssh/sshd_config.d/50-berth.conf
  if noted 'sshd include'; then
    put_file /etc/ssh/sshd_config 644 '' grep -vxF 'Include /etc/ssh/sshd_config.d/*.conf' "$ROOT/etc/ssh/sshd_config"
    forget_undo 'sshd include'
  fi
  if grep -qs '# berth-logins$' "$ROOT/etc/conf.d/sshd"; then
    put_file /etc/conf.d/sshd 644 '' grep -v '# berth-logins$' "$ROOT/etc/conf.d/sshd"
    service restart sshd
  fi
  service reload "$(ssh_service)" || true
}
