#!/usr/bin/env bash
# Strikes the leader again and again under a steady load, on a cluster of its own, and prints the longest gaps between
# acknowledgements; then checks that nothing is lost or doubled and that all replicas hold the same log.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/own-cluster.sh"

usage() {
  cat <<'EOF'
Usage: scripts/failover.sh [--fault F] [--rounds N] [--client argosy|official] [--rate R] [--seed S]
                           [--dir DIR] [--base-port PORT]

  --fault F         what happens to the leader (default kill)
                      kill      SIGKILL
                      pause     SIGSTOP
                      disk      no fsync returns; its brokers run on a disk of the chaos tests that can do that
                      transfer  leadership is handed over, as before a planned stop
                      all       one after the other, each on a fresh cluster
  --rounds N        how often it is struck, for each fault (default 20)
  --client C        who sends: argosy (default) or official, the Java client of Apache RocketMQ 5
  --rate R          messages per second (default 500)
  --seed S          of the pauses between rounds (default 1)
  --dir DIR         folder of the cluster, wiped first (default ./data/failover)
  --base-port PORT  name server at PORT, replica N at PORT+10*N (default 22000)

Gaps are printed in milliseconds. Exit code 1 if a send failed, a message is lost or doubled, or the replicas
hold different logs; 2 for a wrong option.

Examples:
  scripts/failover.sh --fault kill --rounds 5
  scripts/failover.sh --fault all --client official --rate 200 --dir /tmp/failover --base-port 23000
EOF
}

dir=data/failover base_port=22000 options=()
while [ $# -gt 0 ]; do
  case $1 in
    --dir) need "$1" "a folder" "${2:-}"; dir=$(absolute "$2"); shift 2 ;;
    --base-port) need_base_port "$1" "${2:-}"; base_port=$2; shift 2 ;;
    --fault)
      need "$1" "kill, pause, disk, transfer or all" "${2:-}"
      case $2 in
        kill | pause | disk | transfer | all) options+=("$1" "$2"); shift 2 ;;
        *) refuse "$1 takes kill, pause, disk, transfer or all, not '$2'" ;;
      esac ;;
    --client)
      need "$1" "argosy or official" "${2:-}"
      case $2 in
        argosy | official) options+=("$1" "$2"); shift 2 ;;
        *) refuse "$1 takes argosy or official, not '$2'" ;;
      esac ;;
    --rounds) need_number "$1" 1 10000 "${2:-}"; options+=("$1" "$2"); shift 2 ;;
    --rate) need_number "$1" 1 100000 "${2:-}"; options+=("$1" "$2"); shift 2 ;;
    --seed) need_number "$1" 0 999999999 "${2:-}"; options+=("$1" "$2"); shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) refuse "unknown option $1" ;;
  esac
done

run_on_own_cluster "$dir" "$base_port" Failover "${options[@]}"
