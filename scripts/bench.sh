#!/usr/bin/env bash
# Measures a cluster of its own: throughput, latency, CPU per message. Prints a table and writes JSON.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/own-cluster.sh"

usage() {
  cat <<'EOF'
Usage: scripts/bench.sh [--warm-up S] [--seconds S] [--sizes B,B,...] [--rates R,R,...] [--linger MS] [--json FILE]
                        [--dir DIR] [--base-port PORT] [--flush fsync|async]

  --warm-up S     seconds before each counted run (default 10)
  --seconds S     counted seconds of each run (default 20)
  --sizes B,...   body sizes of the throughput runs, bytes (default 10,100,1024)
  --rates R,...   latency runs, messages per second; 0 = one in flight (default 0,1000)
  --linger MS     how long a message waits for company in the throughput runs (default 5)
  --json FILE     results as JSON (default DIR/bench.json)
  --dir DIR       folder of the cluster, wiped first (default ./data/bench)
  --base-port P   name server at P, replica N at P+10*N (default 21000)
  --flush MODE    fsync (default) or async, the weaker durability

All three replicas, the name server and the client share this machine. The last column is how many processors were busy
with something else: quote figures only where it is near 0.
EOF
}

dir=data/bench base_port=21000 flush=fsync json='' options=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=$(absolute "${2:?}"); shift 2 ;;
    --base-port) base_port=${2:?}; shift 2 ;;
    --flush) flush=${2:?}; shift 2 ;;
    --json) json=$(absolute "${2:?}"); shift 2 ;;
    --warm-up | --seconds | --sizes | --rates | --linger) options+=("$1" "${2:?}"); shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
done

require_cluster_or_nothing "$dir"

. scripts/toolchain.sh
ensure_toolchain
. scripts/build.sh
build_argosy

cluster=(--dir "$dir" --base-port "$base_port")
wipe_cluster "$dir"
ARGOSY_FLUSH=$flush scripts/cluster.sh start "${cluster[@]}"
trap 'scripts/cluster.sh stop "${cluster[@]}" >/dev/null' EXIT

"$(java_of_a_jdk)" -XX:+UseParallelGC -Xms1g -Xmx1g ${BENCH_JAVA_OPTS:-} \
  -cp "benchmarks/target/benchmarks/lib/*:benchmarks/target/classes" io.argosy.benchmarks.Bench \
  --endpoints "127.0.0.1:$base_port" --dir "$dir" --json "${json:-$dir/bench.json}" "${options[@]}"
echo "JSON: ${json:-$dir/bench.json}"
