
# Services, where systemd or OpenRC runs; elsewhere (a chroot, an image being built) they are only enabled.
live() { [ -d "$ROOT/run/systemd/system" ] || [ -d "$ROOT/run/openrc" ]; }

# service enable|disable|restart|reload|stop NAME
service() {
  case $1 in
    enable | disable)
      if have systemctl; then
        systemctl --quiet ${ROOT:+--root="$ROOT"} "$1" "$2"
      elif have rc-update && [ "$1" = enable ]; then
        rc-update -q add "$2" default
      elif have rc-update; then
        rc-update -q del "$2" default 2>/dev/null
      fi
      ;;
    *)
      live || return 0
      if have systemctl; then systemctl "$1" "$2"; else rc-service "$2" "$1"; fi
      ;;
  esac
}

# is_active NAME: whether it runs now; nothing does where nothing is live.
is_active() {
  live || return 0
  if have systemctl; then systemctl --quiet is-active "$1"; else rc-service -q "$1" status; fi
}

# ssh_service: Debian calls it ssh, everybody else sshd.
ssh_service() { if [ "$FAMILY" = debian ]; then echo ssh; else echo sshd; fi; }

# periodic NAME TIMER-LINES COMMAND DESCRIPTION CRON-TIME: has systemd or cron run something.
periodic() {
  if have systemctl; then
    put_file "/etc/systemd/system/$1.service" 644 '' cat <<END
# $MARK
[Unit]
Description=$4
After=network-online.target

[Service]
Type=oneshot
ExecStart=$3
END
    put_file "/etc/systemd/system/$1.timer" 644 '' cat <<END
# $MARK
[Unit]
Description=$4

[Timer]
$2

[Install]
WantedBy=timers.target
END
    service enable "$1.timer"
    ! live || systemctl daemon-reload
    service restart "$1.timer"
  else
    crontab=$ROOT/etc/crontabs/root
    mkdir -p "$(dirname "$crontab")"
    grep -qF "$3" "$crontab" 2>/dev/null || printf '%s %s\n' "$5" "$3" >>"$crontab"
    service enable crond
    service restart crond
  fi
}

# no_periodic NAME COMMAND
no_periodic() {
  if have systemctl; then
    [ -f "$ROOT/etc/systemd/system/$1.timer" ] || return 0
    service disable "$1.timer" || true
    service stop "$1.timer" || true
    drop_file "/etc/systemd/system/$1.timer"
    drop_file "/etc/systemd/system/$1.service"
    ! live || systemctl daemon-reload
  elif [ -f "$ROOT/etc/crontabs/root" ]; then
    grep -vF "$2" "$ROOT/etc/crontabs/root" >"$ROOT/etc/crontabs/root.new" || true
    mv -f "$ROOT/etc/crontabs/root.new" "$ROOT/etc/crontabs/root"
  fi
}
