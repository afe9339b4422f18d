#!/usr/bin/env bash
# What queues cost when nothing happens: a cluster with 8 queues and one with many, in turn. Prints idle CPU, heap after
# a full collection, and the time from a kill of everything to the first acknowledgement.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/own-cluster.sh"

usage() {
  cat <<'EOF'
Usage: scripts/many-queues.sh [--queues N] [--minutes M] [--dir DIR] [--base-port PORT]

  --queues N      the large number (default 50000)
  --minutes M     how long idle CPU is measured (default 10)
  --dir DIR       folder of the clusters, wiped first (default ./data/many-queues)
  --base-port P   name server at P, replica N at P+10*N (default 23000)
EOF
}

dir=data/many-queues base_port=23000 queues=50000 minutes=10
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=$(absolute "${2:?}"); shift 2 ;;
    --base-port) base_port=${2:?}; shift 2 ;;
    --queues) queues=${2:?}; shift 2 ;;
    --minutes) minutes=${2:?}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
done

require_cluster_or_nothing "$dir"

. scripts/toolchain.sh
ensure_toolchain
. scripts/build.sh
build_argosy
jcmd=$(dirname "$(java_of_a_jdk)")/jcmd

pids() { cat "$dir"/broker-*.pid; }

# CPU time of all replicas together, milliseconds.
cpu_millis() {
  local total=0 pid fields
  for pid in $(pids); do
    read -r -a fields <<<"$(sed 's/.*) //' "/proc/$pid/stat")"
    total=$((total + (fields[11] + fields[12]) * 10))
  done
  echo "$total"
}

# The largest heap of a replica after a full collection, KiB.
heap_kib() {
  local pid used max=0
  for pid in $(pids); do
    "$jcmd" "$pid" GC.run >/dev/null
    used=$("$jcmd" "$pid" GC.heap_info | sed -n 's/.*total.* used \([0-9]*\)K.*/\1/p' | awk '{ s += $1 } END { print s }')
    [ "$used" -le "$max" ] || max=$used
  done
  echo "$max"
}

now_millis() { date +%s%3N; }

measure() {
  local count=$1 cluster=(--dir "$dir" --base-port "$base_port") before after started
  wipe_cluster "$dir"
  scripts/cluster.sh start "${cluster[@]}" >/dev/null
  export ARGOSY_ENDPOINTS=127.0.0.1:$base_port ARGOSY_SECRET_FILE=$dir/cluster.secret
  scripts/argosy topic create many --queues "$count" >/dev/null
  scripts/argosy produce many --count "$count" --size 100 >/dev/null
  # The first minute after a start is not idle: compilation, caches, the first flush.
  sleep 60
  heap=$(heap_kib)
  before=$(cpu_millis)
  sleep $((minutes * 60))
  after=$(cpu_millis)
  idle=$(awk -v ms=$((after - before)) -v s=$((minutes * 60)) 'BEGIN { printf "%.3f", ms / 10 / s }')
  scripts/cluster.sh kill all "${cluster[@]}" >/dev/null
  started=$(now_millis)
  scripts/cluster.sh restart all "${cluster[@]}" >/dev/null
  scripts/argosy produce many --count 1 --size 100 >/dev/null
  restart=$(($(now_millis) - started))
  printf '%-10s %26s %22s %26s\n' "$count" "$idle % of a core" "$((heap / 1024)) MiB" "$restart ms"
  scripts/cluster.sh stop "${cluster[@]}" >/dev/null
}

trap 'scripts/cluster.sh stop --dir "$dir" --base-port "$base_port" >/dev/null' EXIT
mkdir -p "$dir"
printf '%-10s %26s %22s %26s\n' queues "idle CPU, 3 replicas" "heap after GC, max" "kill all to first ack"
measure 8
measure "$queues"
