#!/usr/bin/env bash
# The one gate: builds everything, runs all tests, checks format and module borders. Installs what is missing first.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/toolchain.sh
ensure_toolchain
if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then
  echo "==> Node.js $(node --version): the Node.js client is tested too"
else
  echo "==> Node.js or npm not found: the tests of the Node.js client are SKIPPED"
fi
exec mvn -B verify "$@"
