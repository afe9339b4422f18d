#!/usr/bin/env bash
# Breaks one rule at a time in the production classes, in memory, and waits for the simulator or a script to notice.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/mutants.sh [--seconds S] [--minutes M] [--resume] [--table] [WORDS...]

  --seconds S   of a core for each mutant (default 600)
  --minutes M   end then; what is not finished goes on from there with --resume
  --resume      leave out what was killed before, go on behind the last seed of what was not
  --table       run nothing, print what is known
  WORDS         only mutants whose rule or description contains one of them

Prints the table of docs/reliability.md, and keeps it in raft/target/mutants.txt. A script must pass, and a seed too, without
the mutant that it kills. Exit code 1 if a mutant survives, 3 if some are not finished. The mutants:
raft/src/test/mutants/mutants.txt
USAGE
}

args=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) args+=("seconds=${2:?}"); shift 2 ;;
    --minutes) args+=("minutes=${2:?}"); shift 2 ;;
    --resume) args+=(resume); shift ;;
    --table) args+=(table); shift ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
    *) args+=("$1"); shift ;;
  esac
done

. scripts/toolchain.sh
ensure_toolchain
. scripts/simulator.sh
build_simulator raft

exec "$(java_of_a_jdk)" -XX:+UseSerialGC -Xmx1g -Xmn500m -Dlogback.configurationFile=logback-simulate.xml \
  -cp "$(simulator_classpath raft)" io.argosy.raft.mutants.MutantRun "${args[@]}"
