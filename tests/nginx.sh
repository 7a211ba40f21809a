#!/bin/sh
# Makes sure that there is an nginx for the tests of the exported site, with its module for Brotli.
set -eu
if command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing nginx from Debian's packages" >&2
  apt-get update -qq
  # Only the program: it is not to start as a service here.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends \
    nginx-light libnginx-mod-http-brotli-static >/dev/null && exit 0
fi
echo "The tests need nginx: install the packages nginx-light and libnginx-mod-http-brotli-static" >&2
echo "of your system, then run this again." >&2
exit 1
