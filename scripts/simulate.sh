#!/usr/bin/env bash
# Runs whole clusters from seeds, on virtual time, with everything failing that may fail. docs/reliability.md explains.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'USAGE'
Usage: scripts/simulate.sh [--seeds N] [--from S] [--minutes M] [--jobs J] [--resume] [--twice] [--dir DIR] [PLAN]
       scripts/simulate.sh --seed S [--log] [PLAN]

A campaign runs many seeds:
  --seeds N     how many seeds to run (default 1000, or no limit if --minutes is given)
  --from S      the first seed (default 1)
  --minutes M   begin no seed after so many minutes (default: no limit)
  --jobs J      seeds that run side by side (default 1)
  --resume      go on behind the last seed of the campaign with the same --state, --from and PLAN (default: begin at --from)
  --twice       run each seed twice and compare the traces (default: once)
  --dir DIR     where each campaign has a folder with its place and its failed seeds (default ./data/simulate)

One seed:
  --seed S      replay it: the last 200 events of each node in words, with the virtual time in seconds; if it fails, a
                smaller run that fails likewise, and the command that replays it
  --log         also what the replicas log (default: nothing)

Both:
  --state X     what the replicas do: ledger (default), broker (the broker's state in memory), or rocksdb (the same on
                RocksDB and in memory, compared at each read)

PLAN overrules what a seed draws (default for each: the seed draws it):
  --shape five  5 voters, 60 virtual seconds, 100 requests/s: the speed in docs/reliability.md is that of this shape
  --voters N    replicas of the group at its birth, 1 to 7
  --seconds N   virtual seconds of trouble
  --rate N      requests per virtual second
  --without K   kinds of faults that are left out, with commas: LOSS, KILL, ...; a wrong one gets the list
  --strikes L   numbers of the strikes that happen, with commas, or none

A campaign runs its own seeds that failed before first. Exit code 1 if a seed fails, 2 for a wrong option.

Examples:
  scripts/simulate.sh --minutes 10                                 as many seeds from 1 on as 10 minutes allow
  scripts/simulate.sh --minutes 10 --from 5000 --resume            go on with the campaign that began at 5000
  scripts/simulate.sh --seed 42 --without LOSS,KILL --voters 3     one seed in words, with less trouble
USAGE
}

refuse() { echo "$1; see scripts/simulate.sh --help" >&2; exit 2; }

level=OFF state=ledger options=()
while [ $# -gt 0 ]; do
  case $1 in
    --seeds | --from | --minutes | --jobs | --seed | --voters | --seconds | --rate)
      [[ ${2:-} =~ ^[1-9][0-9]{0,15}$ ]] || refuse "$1 takes a number from 1 on, not '${2:-}'"
      [ "$1" != --voters ] || [ "$2" -le 7 ] || refuse "--voters takes 1 to 7, not $2"
      options+=("$1" "$2"); shift 2 ;;
    --dir | --shape | --without | --strikes)
      [ -n "${2:-}" ] || refuse "$1 needs a value"
      options+=("$1" "$2"); shift 2 ;;
    --state) state=${2:-}; shift $(($# > 1 ? 2 : 1)) ;;
    --resume | --twice) options+=("$1"); shift ;;
    --log) level=INFO; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
done
case $state in
  ledger) module=raft main=io.argosy.raft.sim.Campaign ;;
  broker | rocksdb) module=broker main=io.argosy.broker.simulation.BrokerCampaign ;;
  *) refuse "--state takes ledger, broker or rocksdb, not '$state'" ;;
esac

. scripts/toolchain.sh
ensure_toolchain
. scripts/simulator.sh
build_simulator $module

exec "$(java_of_a_jdk)" -XX:+UseSerialGC -Xmx1g -Xmn500m -Dsim.log=$level -Dsim.state="$state" \
  -Dsim.command="scripts/simulate.sh --state $state" -Dlogback.configurationFile=logback-simulate.xml \
  -cp "$(simulator_classpath $module)" $main "${options[@]}"
