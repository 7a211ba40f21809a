#!/bin/sh
# Every page through the Nu HTML checker, which must find nothing. Takes the python of the project.
set -eu
if ! command -v java >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "make html needs Java and npm: install them, for instance default-jre-headless and npm." >&2
  exit 1
fi
folder=build/html
rm -rf "$folder"
mkdir -p "$folder" build/nu
npm install --silent --no-audit --no-fund --no-save --prefix build/nu vnu-jar@26.9.27
"$1" tests/written_pages.py "$folder"
java -jar build/nu/node_modules/vnu-jar/build/dist/vnu.jar --skip-non-html "$folder"
echo "the Nu checker found nothing" >&2
