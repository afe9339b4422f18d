#!/usr/bin/env bash
# Compares Argosy with other systems on this machine: starts each in turn as a cluster of three replicas, drives them
# with the same load, again and again (A/B/A/B), and prints one table with the durability of every row.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/own-cluster.sh"

usage() {
  cat <<'EOF'
Usage: scripts/bench.sh [--against SYSTEM,...] [--rows ROW,...] [--minutes N] [--runs N] [--dir DIR]
       scripts/bench.sh --report [--dir DIR]
       scripts/bench.sh --list-rows

  --against S,...      kafka, rocketmq: downloaded from Maven's repository on first use (default: nobody)
  --rows R,...         of those that --list-rows prints; produce-* takes all that begin so (default: all)
  --contestants C,...  only these, such as argosy,kafka-fsync (default: all of the systems)
  --runs N             how often everything is measured (default 3)
  --minutes N          shortens warm-up and counted time until it should fit; at least 4 + 8 s remain
  --warm-up S          seconds before each measurement (default 30)
  --seconds S          quiet seconds counted (default 60)
  --dir DIR            data, logs, libraries and results (default ./data/bench)
  --report             only print the table of all results so far

Every measurement appends a line to DIR/results/results.jsonl. What is there already is not measured again: after an
interruption the same command goes on; for new figures move the folder away. Slices of time in which others use more
than 8 % of the machine don't count; "quiet n/m" says how many did.
EOF
}

dir=data/bench plan=() against='' report=no list=no
while [ $# -gt 0 ]; do
  case $1 in
    --dir) need "$1" "a folder" "${2:-}"; dir=$(absolute "$2"); shift 2 ;;
    --against) need "$1" "kafka, rocketmq or both" "${2:-}"; against=$2; plan+=("$1" "$2"); shift 2 ;;
    --rows | --contestants) need "$1" "names with commas" "${2:-}"; plan+=("$1" "$2"); shift 2 ;;
    --runs | --seconds) need_number "$1" 1 1000000 "${2:-}"; plan+=("$1" "$2"); shift 2 ;;
    --minutes | --warm-up) need_number "$1" 0 1000000 "${2:-}"; plan+=("$1" "$2"); shift 2 ;;
    --report) report=yes; shift ;;
    --list-rows) list=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) refuse "unknown option $1" ;;
  esac
done

. scripts/toolchain.sh
ensure_toolchain
. scripts/build.sh
build_argosy

mkdir -p "$dir/results"
dir=$(cd "$dir" && pwd)
export BENCH_WORK=$dir
results=$dir/results/results.jsonl
bench() {
  "$(java_of_a_jdk)" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m -cp "cli/target/argosy-cli/lib/*" \
    io.argosy.benchmarks.BenchMain "$@"
}

if [ "$list" = yes ]; then bench plan --list --results "$dir/results"; exit 0; fi
if [ "$report" = yes ]; then bench report "$dir/results"; exit 0; fi

for system in ${against//,/ }; do
  [ -x "benchmarks/systems/$system.sh" ] || { echo "no system $system; there are kafka and rocketmq" >&2; exit 2; }
done

if [ -e "$dir/lock" ] && kill -0 "$(cat "$dir/lock")" 2>/dev/null; then
  echo "another scripts/bench.sh (process $(cat "$dir/lock")) works in $dir" >&2
  exit 1
fi
echo $$ >"$dir/lock"

current=''
stop_current() {
  [ -z "$current" ] || "benchmarks/systems/$current.sh" wipe >/dev/null 2>&1 || true
  current=''
}
at_end() {
  trap '' INT TERM
  stop_current
  rm -f "$dir/lock"
}
trap at_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || commit=$commit+
bench plan "${plan[@]}" --results "$dir/results" >"$dir/plan.tsv"
for system in $(cut -f2 "$dir/plan.tsv" | sort -u); do
  "benchmarks/systems/$system.sh" prepare "$(cut -f5 "$dir/plan.tsv" | sort -u | tr '\n' ' ')"
done
total=$(cut -f6 "$dir/plan.tsv" | grep -vcx -- - || true)
number=0 failed=0
while IFS=$'\t' read -r run system variant cluster contestant row limit arguments <&3; do
  if [ "$row" = - ]; then
    echo "==> run $run: $system, $variant: starting, warming up"
  else
    number=$((number + 1))
    echo "==> $number/$total run $run: $row, $contestant ($(date +%H:%M))"
  fi
  # A backlog is to stay, however large; all else writes more than the disk can keep.
  if [ "$row" = mixed ]; then export BENCH_ARGOSY_MAX_BYTES=0B; else unset BENCH_ARGOSY_MAX_BYTES; fi
  if [ "$cluster" = fresh ]; then
    stop_current
    current=$system
    if ! "benchmarks/systems/$system.sh" start "$variant"; then
      echo "    $system did not start" >&2
      failed=$((failed + 1)); stop_current
      continue
    fi
  fi
  # A start that failed takes what needs that cluster with it.
  [ -n "$current" ] || { failed=$((failed + 1)); continue; }
  # RocketMQ and a long series of runs do not give disk space back: a fresh cluster does.
  if [ "$cluster" = same ] && [ "$(du -sm "$dir/$system" 2>/dev/null | cut -f1)" -gt "${BENCH_DISK_MIB_MAX:-40000}" ]; then
    echo "    starting anew: the data takes much of the disk"
    "benchmarks/systems/$system.sh" wipe
    "benchmarks/systems/$system.sh" start "$variant" || { failed=$((failed + 1)); stop_current; continue; }
  fi
  arguments=${arguments//DATA/$dir/$system}
  keep=()
  [ "$row" = - ] || keep=(--results "$results" --label "row=$row" --label "contestant=$contestant" --label "run=$run" --label "commit=$commit")
  # shellcheck disable=SC2086
  if ! timeout -k 30 "$limit" "benchmarks/systems/$system.sh" bench $arguments "${keep[@]}" 2>&1 </dev/null |
    tee -a "$dir/bench.log" | sed -u 's/^/    /'; then
    echo "    FAILED: $row, $contestant; see $dir/bench.log" >&2
    failed=$((failed + 1))
  fi
done 3<"$dir/plan.tsv"
stop_current

bench report "$dir/results" | tee "$dir/report.md"
echo "report: $dir/report.md, results: $results"
[ "$failed" = 0 ] || { echo "$failed measurements failed; the same command tries them again" >&2; exit 1; }
