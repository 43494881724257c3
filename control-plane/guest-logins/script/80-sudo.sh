
# With nslcd, sudo has nobody to ask: its rules are written to a file of ours, at each login and every minute. When the
# directory cannot be asked the rules stay as they are; without it nobody proves a password to sudo anyway.

# render_sudo: the directory's rules (LDIF on standard input) as a sudoers file. Only rules for every command on every
# host are taken, which is all that Berth makes; anything else is left out, which gives less and never more.
render_sudo() {
  printf '# %s\n' "$MARK"
  awk -v tag="$1" '
    function rule(  i) {
      if (all && host) for (i = 1; i <= n; i++) print user[i] " ALL=(ALL:ALL) " tag "ALL"
      n = all = host = 0
    }
    /^$/ { rule() }
    $1 == "sudoUser:" && NF == 2 && $2 ~ /^%?[a-z_][a-z0-9_.-]*$/ { user[++n] = $2 }
    $1 == "sudoCommand:" && NF == 2 && $2 == "ALL" { all = 1 }
    $1 == "sudoHost:" && NF == 2 && $2 == "ALL" { host = 1 }
    END { rule() }' | sort
}

# Where sudo was built without PAM (Alpine) it cannot check a password of the directory.
sudo_tag() { if sudo -V 2>/dev/null | grep -qi 'without-pam'; then echo 'NOPASSWD: '; fi; }

sudo_rules() {
  # For pam_exec, which calls at the end of a session too.
  [ "${PAM_TYPE:-open_session}" = open_session ] || return 0
  rules=$(directory ou=sudoers '(objectClass=sudoRole)' sudoUser sudoHost sudoCommand) || return 0
  draft=$(mktemp "$ETC/sudo.XXXXXX")
  printf '%s\n' "$rules" | render_sudo "$(sudo_tag)" >"$draft"
  chmod 440 "$draft"
  if cmp -s "$draft" "$ROOT/etc/sudoers.d/berth" || ! visudo -q -c -f "$draft"; then
    rm -f "$draft"
  else
    mv -f "$draft" "$ROOT/etc/sudoers.d/berth"
  fi
}

setup_sudo() {
  if [ "$WITH" = sssd ]; then
    remove_sudo
    return 0
  fi
  if [ -z "$ROOT" ]; then sudo_rules; fi
  periodic berth-sudo-rules 'OnBootSec=1min
OnUnitActiveSec=1min' "$SELF sudo-rules" 'Sudo rules of Berth' '* * * * *'
}

remove_sudo() {
  no_periodic berth-sudo-rules "$SELF sudo-rules"
  drop_file /etc/sudoers.d/berth
}
