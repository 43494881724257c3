
# ask PATH: sends what standard input holds to the control plane, whose certificate must be of Berth's own authority,
# and prints the answer. Fails when there is none, or a refusal.
ask() {
  reply=$(curl --silent --show-error --proto '=https' --cacert "$CA" --max-time 30 --write-out '\n%{http_code}' \
    --header 'content-type: text/plain' --data-binary @- "$(setting URL)$1") || return 1
  printf '%s\n' "$reply" | sed '$d'
  [ "$(printf '%s\n' "$reply" | tail -n 1)" = 200 ]
}

# take_settings: settings from the control plane's answer, the authority's certificates among them.
take_settings() {
  printf '%s\n' "$1" | sed -n 's/^CA=//p' | base64 -d >"$CA.berth-in"
  if [ -s "$CA.berth-in" ]; then put_file /etc/berth/ca.pem 644 '' cat "$CA.berth-in"; fi
  rm -f "$CA.berth-in"
  printf '%s\n' "$1" | grep -v '^CA=' | put_settings
}

# redeem: exchanges the single-use token of a set-up command for this container's settings and secret.
redeem() {
  answer=$(printf 'TOKEN=%s\n' "$BERTH_TOKEN" | ask /guest/redeem) || die "the control plane refuses: ${answer:-no answer}"
  take_settings "$answer"
}

# exchange [now]: settings anew, and a new secret when it is due. The old secret works until the new one is confirmed,
# so a crash in between leaves this machine with one that works, whichever it has.
exchange() {
  answer=$(printf 'CONTAINER=%s\nSECRET=%s\nROTATE=%s\n' "$(setting CONTAINER)" "$(setting SECRET)" "${1:-due}" |
    ask /guest/sync) || return 1
  take_settings "$answer"
}

confirm() {
  printf 'CONTAINER=%s\nSECRET=%s\n' "$(setting CONTAINER)" "$(setting SECRET)" | ask /guest/confirm >/dev/null
}

# given NAME: what Berth gave the container's first process when it was created.
given() { tr '\0' '\n' <"${BERTH_ENVIRON:-/proc/1/environ}" | sed -n "s/^$1=//p" | head -n 1; }

# from_environment: takes those settings, unless this container went on from them already.
from_environment() {
  [ -n "$(given BERTH_LDAP_SECRET)" ] || die 'this container was given no settings for logins'
  if [ "$(setting CONTAINER)" = "$(given BERTH_CONTAINER)" ]; then return 0; fi
  take_settings "$(printf '%s\n' "URL=$(given BERTH_URL)" "LDAP_URI=$(given BERTH_LDAP_URI)" \
    "LDAP_BASE=$(given BERTH_LDAP_BASE)" "BIND_DN=$(given BERTH_LDAP_BIND_DN)" "SECRET=$(given BERTH_LDAP_SECRET)" \
    "CONTAINER=$(given BERTH_CONTAINER)" "CA=$(given BERTH_LDAP_CA)")"
}
