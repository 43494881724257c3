
# family: which of the kinds of system we know this is.
family() {
  # shellcheck disable=SC1091
  kind=$(. "$ROOT/etc/os-release" 2>/dev/null && printf '%s %s' "${ID:-}" "${ID_LIKE:-}") || kind=
  for word in $kind; do
    case $word in
      debian | ubuntu) printf debian && return ;;
      rhel | fedora | centos) printf rhel && return ;;
      alpine) printf alpine && return ;;
    esac
  done
  die "this system is none that Berth knows how to set up (Debian, Ubuntu, RHEL and its likes, Alpine)"
}

# packages: what the chosen way needs on this system.
packages() {
  case $FAMILY-$WITH in
    # libpam-sss checks new passwords against a dictionary, and refuses every one where there is none.
    debian-sssd) echo curl openssh-server sudo sssd-ldap libnss-sss libpam-sss libsss-sudo cracklib-runtime ;;
    debian-nslcd) echo curl openssh-server sudo nslcd libnss-ldapd libpam-ldapd ldap-utils ;;
    rhel-sssd) echo curl openssh-server sudo sssd-ldap sssd-client libsss_sudo authselect oddjob-mkhomedir ;;
    alpine-nslcd) echo curl openssh-server-pam sudo linux-pam nss-pam-ldapd musl-nscd openldap-clients ;;
    *) die "$WITH is not offered here; Alpine takes nslcd, RHEL takes sssd, Debian and Ubuntu take either" ;;
  esac
}

is_installed() {
  case $FAMILY in
    debian) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    rhel) rpm -q "$1" >/dev/null 2>&1 || rpm -q --whatprovides "$1" >/dev/null 2>&1 ;;
    alpine) apk info -e "$1" >/dev/null 2>&1 ;;
  esac
}

# install_packages: installs what is missing by the system's own package manager; without anything missing it needs no
# network.
install_packages() {
  missing=
  for name in $(packages); do is_installed "$name" || missing="$missing $name"; done
  [ -n "$missing" ] || return 0
  say "installing$missing"
  # shellcheck disable=SC2086 # names of packages, a word each
  case $FAMILY in
    debian)
      export DEBIAN_FRONTEND=noninteractive
      apt-get update -q && apt-get install -q -y --no-install-recommends $missing
      ;;
    rhel) if have dnf; then dnf install -y $missing; else yum install -y $missing; fi ;;
    alpine) apk add $missing ;;
  esac || die "these could not be installed:$missing; install them and run this again"
}
