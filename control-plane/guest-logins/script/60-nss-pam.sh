
# add_nss DATABASE WORD: has a database of nsswitch.conf ask SSSD (sss) or nslcd (ldap) after what it asks now. On RHEL
# the file is authselect's, which does it itself.
add_nss() {
  file=$ROOT/etc/nsswitch.conf
  if [ "$FAMILY" = rhel ]; then return 0; fi
  if [ ! -f "$file" ]; then
    printf '# %s\n' "$MARK" >"$file"
    chmod 644 "$file"
  fi
  ! grep -qE "^$1:.*[[:space:]]$2([[:space:]]|\$)" "$file" || return 0
  if grep -q "^$1:" "$file"; then
    sed "s/^\($1:.*[^[:space:]]\)[[:space:]]*\$/\1 $2/" "$file" >"$file.berth-new"
  else
    { cat "$file"; printf '%s: files %s\n' "$1" "$2"; } >"$file.berth-new"
    note_undo "nss-line $1"
  fi
  swap_in "$file"
  note_undo "nss $1 $2"
  say "added $2 to $1 in /etc/nsswitch.conf"
}

remove_nss() {
  for database in passwd group shadow sudoers; do
    for word in sss ldap; do
      noted "nss $database $word" || continue
      sed "/^$database:/s/[[:space:]]$word\([[:space:]]\|\$\)/\1/" "$ROOT/etc/nsswitch.conf" >"$ROOT/etc/nsswitch.conf.berth-new"
      swap_in "$ROOT/etc/nsswitch.conf"
      forget_undo "nss $database $word"
    done
    if noted "nss-line $database"; then
      sed "/^$database: files\$/d" "$ROOT/etc/nsswitch.conf" >"$ROOT/etc/nsswitch.conf.berth-new"
      swap_in "$ROOT/etc/nsswitch.conf"
    fi
  done
  # Where there was none, it is ours as a whole.
  if grep -qsF "$MARK" "$ROOT/etc/nsswitch.conf"; then drop_file /etc/nsswitch.conf; fi
}

# What each way wants of PAM; a home is made at the first login.
setup_pam() {
  case $FAMILY in
    debian) setup_pam_debian ;;
    rhel) setup_pam_rhel ;;
    alpine) setup_pam_alpine ;;
  esac
}

remove_pam() {
  case $FAMILY in
    debian) remove_pam_debian ;;
    rhel) remove_pam_rhel ;;
    alpine) remove_pam_alpine ;;
  esac
}

# pam_profile NAME: whether a profile of pam-auth-update is in force.
pam_profile() {
  case $1 in
    sss | ldap) grep -q "pam_$1.so" "$ROOT/etc/pam.d/common-auth" ;;
    mkhomedir) grep -q 'pam_mkhomedir.so' "$ROOT/etc/pam.d/common-session" ;;
    berth-sudo) grep -q 'berth-logins sudo-rules' "$ROOT/etc/pam.d/common-session" ;;
  esac
}

pam_on() {
  ! pam_profile "$1" || return 0
  pam-auth-update --enable "$1"
  pam_profile "$1" || die 'pam-auth-update did not change /etc/pam.d/common-*: they were changed by hand before;' \
    'run "pam-auth-update --force" yourself, then this again'
  if noted "pam-off $1"; then forget_undo "pam-off $1"; else note_undo "pam-on $1"; fi
  say "enabled $1 in PAM"
}

pam_off() {
  pam_profile "$1" || return 0
  pam-auth-update --disable "$1"
  if noted "pam-on $1"; then forget_undo "pam-on $1"; else note_undo "pam-off $1"; fi
  say "disabled $1 in PAM"
}

setup_pam_debian() {
  if [ "$WITH" = sssd ]; then
    pam_off ldap
    pam_off berth-sudo
    pam_on sss
  else
    put_file /usr/share/pam-configs/berth-sudo 644 '' cat <<END
Name: Sudo rules of Berth, asked for at each login ($MARK)
Default: no
Priority: 0
Session-Type: Additional
Session-Interactive-Only: yes
Session:
	optional	pam_exec.so quiet $SELF sudo-rules
END
    pam_off sss
    pam_on ldap
    pam_on berth-sudo
  fi
  pam_on mkhomedir
}

remove_pam_debian() {
  for profile in sss ldap mkhomedir berth-sudo; do
    if noted "pam-on $profile"; then pam_off "$profile"; fi
    if noted "pam-off $profile"; then pam_on "$profile"; fi
  done
  drop_file /usr/share/pam-configs/berth-sudo
}

setup_pam_rhel() {
  current=$(authselect current --raw 2>/dev/null) || current=
  case $current in
    sssd | sssd\ *)
      for feature in with-mkhomedir with-sudo; do
        case " $current " in *" $feature "*) continue ;; esac
        authselect enable-feature "$feature"
        note_undo "authselect-feature $feature"
      done
      ;;
    *)
      # --force, for a system that authselect does not manage yet: it keeps what was there under the backup's name.
      authselect select sssd with-mkhomedir with-sudo --force --backup=berth
      note_undo 'authselect-backup berth'
      ;;
  esac
  service enable oddjobd
  service restart oddjobd
}

remove_pam_rhel() {
  for feature in with-mkhomedir with-sudo; do
    noted "authselect-feature $feature" || continue
    authselect disable-feature "$feature"
    forget_undo "authselect-feature $feature"
  done
  if noted 'authselect-backup berth'; then
    authselect backup-restore berth
    forget_undo 'authselect-backup berth'
  fi
}

# pam_line FILE LINE [BEFORE]: puts a line of ours before the first that has BEFORE, or at the end.
pam_line() {
  file=$ROOT/etc/pam.d/$1
  ! grep -qF "$2 # berth-logins" "$file" || return 0
  awk -v line="$2 # berth-logins" -v before="${3:-}" '
    before != "" && !done && $0 !~ /^#/ && index($0, before) { print line; done = 1 }
    { print }
    END { if (!done) print line }' "$file" >"$file.berth-new"
  swap_in "$file"
  say "added a line to /etc/pam.d/$1"
}

setup_pam_alpine() {
  pam_line base-auth 'auth [success=done default=ignore] pam_ldap.so minimum_uid=1000' pam_unix.so
  pam_line base-account 'account [success=done ignore=ignore user_unknown=ignore default=die] pam_ldap.so minimum_uid=1000' \
    pam_unix.so
  pam_line base-password 'password [success=done ignore=ignore user_unknown=ignore default=die] pam_ldap.so minimum_uid=1000' \
    pam_unix.so
  pam_line base-session 'session optional pam_mkhomedir.so'
  pam_line base-session "session optional pam_exec.so quiet $SELF sudo-rules"
}

remove_pam_alpine() {
  for name in base-auth base-account base-password base-session; do
    file=$ROOT/etc/pam.d/$name
    grep -q '# berth-logins$' "$file" 2>/dev/null || continue
    grep -v '# berth-logins$' "$file" >"$file.berth-new" || true
    swap_in "$file"
    say "took our lines out of /etc/pam.d/$name"
  done
}
