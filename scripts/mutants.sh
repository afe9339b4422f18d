#!/usr/bin/env bash
# Breaks one rule at a time in the production classes, in memory, and waits for the simulator or a script to notice.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/mutants.sh [--seconds S] [--minutes M] [--resume] [--table] [WORDS...]

  --seconds S   seconds of a core for each mutant, at most (default 600)
  --minutes M   run no more seeds after so many minutes; what is not finished goes on from there with --resume. Mutants
                that have a script are still tried (default: no limit)
  --resume      leave out what was killed before, go on behind the last seed of what was not (default: begin anew)
  --table       run nothing, print what is known
  WORDS         only mutants whose rule or description contains one of them (default: all)

Prints the table of docs/reliability.md, and keeps it in raft/target/mutants.txt. A script must pass, and a seed too, without
the mutant that it kills. Exit code 1 if a mutant survives, 2 for a wrong option or words that no mutant contains, 3 if some are
not finished. The mutants: raft/src/test/mutants/mutants.txt

Examples:
  scripts/mutants.sh --seconds 60 R50          the mutants of rule R50, a minute each
  scripts/mutants.sh --minutes 30 --resume     go on for half an hour with those that are not killed yet
USAGE
}

refuse() { echo "$1; see scripts/mutants.sh --help" >&2; exit 2; }

args=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds | --minutes)
      [[ ${2:-} =~ ^[1-9][0-9]{0,8}$ ]] || refuse "$1 takes a number from 1 on, not '${2:-}'"
      args+=("${1#--}=$2"); shift 2 ;;
    --resume) args+=(resume); shift ;;
    --table) args+=(table); shift ;;
    -h | --help) usage; exit 0 ;;
    -*) refuse "unknown option $1" ;;
    *) args+=("$1"); shift ;;
  esac
done

. scripts/toolchain.sh
ensure_toolchain
. scripts/simulator.sh
build_simulator raft

exec "$(java_of_a_jdk)" -XX:+UseSerialGC -Xmx1g -Xmn500m -Dlogback.configurationFile=logback-simulate.xml \
  -cp "$(simulator_classpath raft)" io.argosy.raft.mutants.MutantRun "${args[@]}"
