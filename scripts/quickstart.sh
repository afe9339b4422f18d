#!/usr/bin/env bash
# From a bare machine to a running cluster: builds, starts one name server and three replicas on loopback, sends and
# receives through the official Java client while the leader is killed, and says how to go on.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
. "$(dirname "$0")/own-cluster.sh"

usage() {
  cat <<'EOF'
Usage: scripts/quickstart.sh [--dir DIR] [--base-port PORT] [--messages N] [--then-stop]

  --dir DIR         data, logs and process ids (default ./data)
  --base-port PORT  name server at PORT, replica N at PORT+10*N (default: 8081 and 10911, 10921, 10931)
  --messages N      how many messages to send (default 10000)
  --then-stop       stop the cluster at the end; without it the cluster goes on running
EOF
}

dir=data base_port='' messages=10000 then_stop=no
while [ $# -gt 0 ]; do
  case $1 in
    --dir) need "$1" "a folder" "${2:-}"; dir=$(absolute "$2"); shift 2 ;;
    --base-port) need_base_port "$1" "${2:-}"; base_port=$2; shift 2 ;;
    --messages) need_number "$1" 1 999999999 "${2:-}"; messages=$2; shift 2 ;;
    --then-stop) then_stop=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) refuse "unknown option $1" ;;
  esac
done

. scripts/toolchain.sh
ensure_toolchain
. scripts/build.sh
build_argosy

cluster_options=(--dir "$dir")
[ -z "$base_port" ] || cluster_options+=(--base-port "$base_port")
echo "==> one name server and three replicas: starting what does not run yet"
scripts/cluster.sh start "${cluster_options[@]}"

java=$(java_of_a_jdk)
result=0
"$java" -XX:+UseSerialGC -Xmx512m -Drocketmq.log.level=WARN -Duser.home="$(cd "$dir" && pwd)" \
  -cp "chaos-tests/target/chaos/lib/*:chaos-tests/target/classes" io.argosy.chaos.Quickstart \
  --home "$PWD" --dir "$dir" --base-port "${base_port:-0}" --messages "$messages" || result=$?

if [ "$then_stop" = yes ]; then
  scripts/cluster.sh stop "${cluster_options[@]}"
  echo "The cluster is stopped. Its data is in $dir."
else
  namesrv=${base_port:-8081}
  cat <<EOF
The cluster goes on running. Go on with:
  export ARGOSY_ENDPOINTS=127.0.0.1:$namesrv ARGOSY_SECRET_FILE=$(cd "$dir" && pwd)/cluster.secret
  scripts/argosy produce hello -m "hello, world"
  scripts/argosy consume hello --group me --count 1
  scripts/argosy cluster status
  scripts/cluster.sh kill \$(scripts/cluster.sh leader ${cluster_options[*]}) ${cluster_options[*]}
Stop it with:
  scripts/cluster.sh stop ${cluster_options[*]}
EOF
fi
exit $result
