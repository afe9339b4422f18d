#!/usr/bin/env bash
# Moves a group with a large log to three new replicas while sends go on, on a cluster of its own: wipes one replica,
# puts a fourth in its place, adds a fifth and a sixth, removes the leader and then the last founder. Prints how long each
# step took, the longest write gap, and the sends that failed; ends with 1 if any did or an acknowledged message is lost.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/own-cluster.sh"

usage() {
  cat <<'EOF'
Usage: scripts/catchup.sh [--mib N] [--trimmed] [--body BYTES] [--rate R] [--dir DIR] [--base-port PORT]

  --mib N           MiB of log (default 5120; up to five replicas of it lie on the disk at once)
  --trimmed         fill until the log was trimmed: whoever is new gets a snapshot, then the older log (default: nothing
                    is trimmed)
  --body BYTES      bytes of each message that fills it (default 4096)
  --rate R          messages per second of the steady load (default 200)
  --dir DIR         folder of the cluster, wiped first (default ./data/catchup)
  --base-port PORT  name server at PORT, replica N at PORT+10*N (default 22000)

Exit code 1 if a send failed or an acknowledged message is lost, 2 for a wrong option.

Examples:
  scripts/catchup.sh --mib 256
  scripts/catchup.sh --mib 512 --trimmed --rate 1000 --dir /tmp/catchup --base-port 23000
EOF
}

dir=data/catchup base_port=22000 options=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) need "$1" "a folder" "${2:-}"; dir=$(absolute "$2"); shift 2 ;;
    --base-port) need_base_port "$1" "${2:-}"; base_port=$2; shift 2 ;;
    --mib) need_number "$1" 1 1000000 "${2:-}"; options+=("$1" "$2"); shift 2 ;;
    # The limit of a message.
    --body) need_number "$1" 1 4194304 "${2:-}"; options+=("$1" "$2"); shift 2 ;;
    --rate) need_number "$1" 1 100000 "${2:-}"; options+=("$1" "$2"); shift 2 ;;
    --trimmed) options+=("$1"); shift ;;
    -h | --help) usage; exit 0 ;;
    *) refuse "unknown option $1" ;;
  esac
done

run_on_own_cluster "$dir" "$base_port" Catchup "${options[@]}"
