#!/usr/bin/env bash
# Argosy: a name server and three replicas as scripts/cluster.sh starts them.
# Variants: fsync (default), async (flush: async).
. "$(dirname "$0")/common.sh"
unset ARGOSY_SECRET_FILE ARGOSY_ENDPOINTS
work=$BENCH_WORK/argosy base=24300
cluster() { local verb=$1; shift; "$home/scripts/cluster.sh" "$verb" "$@" --dir "$work" --base-port "$base"; }
export ARGOSY_ENDPOINTS=127.0.0.1:$base ARGOSY_SECRET_FILE=$work/cluster.secret
if [ -f "$work/variant" ]; then ARGOSY_FLUSH=$(cat "$work/variant"); export ARGOSY_FLUSH; fi

case ${1:-} in
  prepare) case ${2:-} in *argosy-official*) fetch_peer official ;; esac ;;
  start)
    "$0" wipe
    mkdir -p "$work"
    echo "${2:?variant}" >"$work/variant"
    # So that a disk shared by three replicas lasts: 12 GiB each, unless said otherwise.
    ARGOSY_FLUSH=$2 ARGOSY_RAFT_MAX_BYTES=${BENCH_ARGOSY_MAX_BYTES:-12GiB} cluster start >/dev/null
    ;;
  stop) [ ! -f "$work/cluster.env" ] || cluster stop >/dev/null ;;
  wipe) if [ -f "$work/cluster.env" ]; then cluster stop >/dev/null; cluster wipe >/dev/null; fi ;;
  kill) cluster kill "$2" >/dev/null ;;
  restart) ARGOSY_RAFT_MAX_BYTES=${BENCH_ARGOSY_MAX_BYTES:-12GiB} cluster restart "$2" >/dev/null ;;
  create-topic) "$home/scripts/argosy" topic create "$2" --queues "$3" >/dev/null ;;
  delete-topic) "$home/scripts/argosy" topic delete "$2" --yes >/dev/null ;;
  leader) cluster leader ;;
  bench)
    shift
    path=$home/cli/target/argosy-cli/lib/* own=(-O "opsPorts=$((base + 13)),$((base + 23)),$((base + 33))")
    case " $* " in
      *" --driver official "*)
        path="$(bench_path):$BENCH_WORK/official/classes:$BENCH_WORK/official/lib/*"
        own=(-O "clientPorts=$((base + 10)),$((base + 20)),$((base + 30))")
        ;;
    esac
    # shellcheck disable=SC2086
    exec "$java" $client_flags -Drocketmq.log.level=WARN -Duser.home="$work" -cp "$path" io.argosy.benchmarks.BenchMain \
      "$@" --endpoints "$ARGOSY_ENDPOINTS" --pids "$work" --control "$self" "${own[@]}"
    ;;
  *) sed -n '2,3p' "$0" >&2; exit 2 ;;
esac
