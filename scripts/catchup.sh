#!/usr/bin/env bash
# Exchanges every replica of a group with a large log while sends go on, on a cluster of its own: wipes one, adds a
# fourth and a fifth, removes the leader, moves the group to three new replicas. Prints how long each step took, the
# longest write gap, and the sends that failed; ends with 1 if any did or an acknowledged message is lost.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/own-cluster.sh"

usage() {
  cat <<'EOF'
Usage: scripts/catchup.sh [--mib N] [--trimmed] [--body BYTES] [--rate R] [--dir DIR] [--base-port PORT]

  --mib N         size of the log (default 5120; up to six replicas of it lie on the disk at once)
  --trimmed       fill until the log was trimmed: whoever is new gets a snapshot, then the older log
  --body BYTES    size of the messages that fill it (default 4096)
  --rate R        messages per second of the steady load (default 200)
  --dir DIR       folder of the cluster, wiped first (default ./data/catchup)
  --base-port P   name server at P, replica N at P+10*N (default 22000)
EOF
}

dir=data/catchup base_port=22000 options=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) dir=$(absolute "${2:?}"); shift 2 ;;
    --base-port) base_port=${2:?}; shift 2 ;;
    --mib | --body | --rate) options+=("$1" "${2:?}"); shift 2 ;;
    --trimmed) options+=("$1"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
done

require_cluster_or_nothing "$dir"

. scripts/toolchain.sh
ensure_toolchain
. scripts/build.sh
build_argosy

wipe_cluster "$dir"
mkdir -p "$dir"
trap '[ ! -f "$dir/cluster.env" ] || scripts/cluster.sh stop --dir "$dir" --base-port "$base_port" >/dev/null' EXIT
"$(java_of_a_jdk)" -XX:+UseSerialGC -Xmx512m -Dlogback.configurationFile="$PWD/chaos-tests/target/classes/logback.xml" \
  -cp "chaos-tests/target/chaos/lib/*:chaos-tests/target/classes" io.argosy.chaos.Catchup \
  --home "$PWD" --dir "$dir" --base-port "$base_port" "${options[@]}"
