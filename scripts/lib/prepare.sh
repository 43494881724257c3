# Sourced by the scripts: goes to the repository, installs npm packages when the lockfile has changed since the last
# time, at the versions it names, and puts the Node and the tools of node_modules first.
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ ! -x node_modules/.bin/node || ! -f node_modules/.berth-lock || package-lock.json -nt node_modules/.berth-lock ]]; then
  echo "installing npm packages…" >&2
  # Not `npm ci`: it refuses a lockfile in which a registry's missing packages for other platforms are left out.
  npm install --no-save --no-fund --no-audit --loglevel=error >&2 || exit 1
  touch node_modules/.berth-lock
fi
export PATH="$PWD/node_modules/.bin:$PATH"
