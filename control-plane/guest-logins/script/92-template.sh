
# What a template carries so that its copies set themselves up: at the first boot it fetches this script from the
# control plane that the container was given, with that control plane's authority, and runs it.
render_first_boot() {
  cat <<'END'
#!/bin/sh
# Logins by the people of Berth, set up at the first boot from what the container was given when it was created.
set -eu
given() { tr '\0' '\n' </proc/1/environ | sed -n "s/^$1=//p" | head -n 1; }
url=$(given BERTH_URL)
[ -n "$url" ] || exit 0
mkdir -p /etc/berth
given BERTH_LDAP_CA | base64 -d >/etc/berth/ca.pem.new
mv -f /etc/berth/ca.pem.new /etc/berth/ca.pem
script=$(mktemp)
trap 'rm -f "$script"' EXIT
curl --silent --show-error --fail --proto '=https' --cacert /etc/berth/ca.pem --max-time 30 \
  --output "$script" "$url/guest/setup.sh"
sh "$script" setup --from-environment
END
}

render_first_boot_unit() {
  cat <<'END'
[Unit]
Description=Logins by the people of Berth, at the first boot
ConditionPathExists=!/etc/berth/set-up
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/usr/lib/berth/first-boot
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
END
}

# prepare: for a template. What was asked for with --with is remembered in it.
prepare() {
  choose_way "$(if [ "${1:-}" = --with ]; then echo "${2:-}"; fi)"
  install_packages
  put_file /usr/lib/berth/first-boot 755 '' render_first_boot
  if have systemctl; then
    put_file /etc/systemd/system/berth-first-boot.service 644 '' render_first_boot_unit
    service enable berth-first-boot.service
  else
    put_file /etc/local.d/berth.start 755 '' \
      printf '#!/bin/sh\n[ -e /etc/berth/set-up ] || /usr/lib/berth/first-boot\n'
    service enable local
  fi
  mkdir -p "$ETC"
  put_file /etc/berth/with 644 '' printf '%s\n' "$WITH"
  say 'done: copies of this template set up their logins at the first boot'
}
