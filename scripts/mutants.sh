#!/usr/bin/env bash
# Breaks one rule at a time in the production classes, in memory, and waits for the simulator or a script to notice.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/mutants.sh [--seconds S] [WORDS]

  --seconds S   for each mutant (default 600)
  WORDS         only mutants whose rule or description contains them

Prints the table of docs/reliability.md. Exit code 1 if a mutant survives. The mutants: raft/src/test/mutants/mutants.txt
USAGE
}

seconds=600 words=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2:?}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
    *) words+=("$1"); shift ;;
  esac
done

. scripts/toolchain.sh
ensure_toolchain
. scripts/simulator.sh
build_simulator raft

exec "$(java_of_a_jdk)" -XX:+UseSerialGC -Xmx1g -Xmn500m -Dlogback.configurationFile=logback-simulate.xml \
  -cp "$(simulator_classpath raft)" io.argosy.raft.mutants.MutantRun "$seconds" "${words[@]}"
