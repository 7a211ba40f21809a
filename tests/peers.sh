#!/bin/sh
# Makes sure that there is what `make bench` measures against: $1 is a Python, $2 the environment of its own for Datasette.
set -eu
missing=
PATH=$PATH:/usr/sbin
for program in wrk hugo varnishd; do
  # The package of varnishd has its name without the d.
  command -v $program >/dev/null 2>&1 || missing="$missing ${program%d}"
done
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing$missing from Debian's packages" >&2
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  missing=
fi
if [ -n "$missing" ]; then
  echo "make bench needs$missing: install the packages of your system" >&2
  exit 1
fi
"$1" -m venv "$2"
"$2/bin/python" -m pip install --quiet --disable-pip-version-check datasette==0.65.5
