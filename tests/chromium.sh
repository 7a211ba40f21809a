#!/bin/sh
# Makes sure that there is a Chromium for the browser tests. Takes the playwright command.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing Chromium from Debian's packages" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0
fi
echo "installing Chromium by Playwright" >&2
"$1" install chromium && exit 0
echo "The browser tests need Chromium: install the package chromium of your system." >&2
exit 1
