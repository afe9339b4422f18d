#!/usr/bin/env bash
# Kills the leader again and again under a steady load, on a cluster of its own, and prints the longest gaps between
# acknowledgements; then checks that nothing is lost and that all replicas hold the same log.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
caller=$PWD
cd "$(dirname "$0")/.."
# What the caller's shell says of another cluster is not meant for this one.
unset ARGOSY_SECRET_FILE ARGOSY_ENDPOINTS
export ARGOSY_CALLER="scripts/failover.sh"

usage() {
  cat <<'EOF'
Usage: scripts/failover.sh [--kills N] [--client argosy|official] [--rate R] [--seed S] [--dir DIR] [--base-port PORT]

  --kills N       how often (default 20)
  --client C      argosy (default) or official, the Java client of Apache RocketMQ 5
  --rate R        messages per second (default 500)
  --seed S        of the pauses between kills (default 1)
  --dir DIR       folder of the cluster, wiped first (default ./data/failover)
  --base-port P   name server at P, replica N at P+10*N (default 22000)
EOF
}

dir=data/failover base_port=22000 options=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=${2:?}; case $dir in /*) ;; *) dir=$caller/$dir ;; esac; shift 2 ;;
    --base-port) base_port=${2:?}; shift 2 ;;
    --kills | --client | --rate | --seed) options+=("$1" "${2:?}"); shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
done

if [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ] && [ ! -f "$dir/cluster.env" ]; then
  echo "$dir holds something else than a cluster; it is not wiped. Choose another --dir" >&2
  exit 1
fi

. scripts/toolchain.sh
ensure_toolchain
. scripts/build.sh
build_argosy

if [ -f "$dir/cluster.env" ]; then
  scripts/cluster.sh stop --dir "$dir" >/dev/null
  scripts/cluster.sh wipe --dir "$dir" >/dev/null
fi
mkdir -p "$dir"
trap 'scripts/cluster.sh stop --dir "$dir" --base-port "$base_port" >/dev/null' EXIT
"$(java_of_a_jdk)" -XX:+UseSerialGC -Xmx512m -Drocketmq.log.level=WARN -Dlogback.configurationFile="$PWD/chaos-tests/target/classes/logback.xml" -Duser.home="$(cd "$dir" && pwd)" \
  -cp "chaos-tests/target/chaos/lib/*:chaos-tests/target/classes" io.argosy.chaos.Failover \
  --home "$PWD" --dir "$dir" --base-port "$base_port" "${options[@]}"
