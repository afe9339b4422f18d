#!/usr/bin/env bash
# The machine itself: nothing to start.
. "$(dirname "$0")/common.sh"
work=$BENCH_WORK/machine
case ${1:-} in
  prepare | start | stop | wipe) mkdir -p "$work" ;;
  bench)
    shift
    # shellcheck disable=SC2086
    exec "$java" $client_flags -cp "$home/cli/target/argosy-cli/lib/*" io.argosy.benchmarks.BenchMain "$@" --dir "$work"
    ;;
  *) sed -n '2,2p' "$0" >&2; exit 2 ;;
esac
