#!/usr/bin/env bash
# Apache RocketMQ 5: one DLedger group of three brokers and a name server.
# Variants: dledger; proxy (with its gRPC proxy in cluster mode, a process of its own, for the official client).
. "$(dirname "$0")/common.sh"
work=$BENCH_WORK/rocketmq pids=$work/pids data=$work/data
namesrv=24400 grpc=24481
port() { echo $((24400 + 10 * $1)); }
peer() { echo $((24400 + 10 * $1 + 5)); }
export ROCKETMQ_HOME=$work/home
jvm="-server -XX:+IgnoreUnrecognizedVMOptions -XX:-UseBiasedLocking -XX:-OmitStackTraceInFastThrow
  --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/java.nio=ALL-UNNAMED
  --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED"

start_node() {
  local n=$1
  mkdir -p "$work/conf" "$work/home/$n"
  # enableBatchPush is off by default and costs a factor of 2 to 4.5; flushDiskType is not looked at in this mode: a timer
  # flushes every 10 ms, and nobody waits for it.
  cat >"$work/conf/$n.conf" <<EOF
brokerClusterName=RaftCluster
brokerName=RaftNode00
brokerIP1=127.0.0.1
listenPort=$(port "$n")
namesrvAddr=127.0.0.1:$namesrv
storePathRootDir=$data/$n
storePathCommitLog=$data/$n/commitlog
enableDLegerCommitLog=true
dLegerGroup=RaftNode00
dLegerPeers=n1-127.0.0.1:$(peer 1);n2-127.0.0.1:$(peer 2);n3-127.0.0.1:$(peer 3)
dLegerSelfId=n$n
sendMessageThreadPoolNums=16
mappedFileSizeCommitLog=268435456
enableBatchPush=true
flushDiskType=ASYNC_FLUSH
autoCreateTopicEnable=false
EOF
  # shellcheck disable=SC2086
  launch "rocketmq-$n" "$work/logs/$n.log" "$java" -XX:+UseG1GC -Xms1g -Xmx1g -XX:MaxDirectMemorySize=1g $jvm \
    -Duser.home="$work/home/$n" -cp "$work/lib/*" org.apache.rocketmq.broker.BrokerStartup -c "$work/conf/$n.conf"
}

start_proxy() {
  mkdir -p "$work/home/conf"
  cat >"$work/conf/proxy.json" <<EOF
{
  "rocketMQClusterName": "RaftCluster",
  "proxyClusterName": "RaftCluster",
  "namesrvAddr": "127.0.0.1:$namesrv",
  "proxyMode": "CLUSTER",
  "grpcServerPort": $grpc,
  "remotingListenPort": $((grpc - 1))
}
EOF
  # shellcheck disable=SC2086
  launch rocketmq-proxy "$work/logs/proxy.log" "$java" -XX:+UseG1GC -Xms1g -Xmx1g -XX:MaxDirectMemorySize=1g $jvm \
    -Duser.home="$work/home/proxy" -cp "$work/lib/*" org.apache.rocketmq.proxy.ProxyStartup \
    -pm cluster -pc "$work/conf/proxy.json"
  wait_port $grpc "$work/logs/proxy.log"
}

admin() {
  # shellcheck disable=SC2086
  "$java" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $jvm -Duser.home="$work/home/admin" \
    -cp "$work/lib/*" org.apache.rocketmq.tools.command.MQAdminStartup "$@" -n 127.0.0.1:$namesrv
}

# Until the group has a leader and the name server knows it.
wait_master() {
  local left=60
  # A variable and not a pipe: grep -q would end it early, which counts as a failure.
  while ! grep -q " 0 .*127.0.0.1:" <<<"$(admin clusterList 2>/dev/null)"; do
    left=$((left - 1))
    [ $left -gt 0 ] || { echo "no master; see $work/logs" >&2; return 1; }
    sleep 1
  done
}

names="rocketmq-1 rocketmq-2 rocketmq-3 rocketmq-proxy rocketmq-namesrv"
case ${1:-} in
  prepare) fetch_peer rocketmq; fetch_peer official ;;
  start)
    "$0" wipe
    mkdir -p "$work/logs" "$work/conf" "$data"
    echo "${2:?variant}" >"$work/variant"
    require_ports_free $namesrv $grpc "$(port 1)" "$(port 2)" "$(port 3)" "$(peer 1)" "$(peer 2)" "$(peer 3)"
    echo "listenPort=$namesrv" >"$work/conf/namesrv.conf"
    # shellcheck disable=SC2086
    launch rocketmq-namesrv "$work/logs/namesrv.log" "$java" -Xms256m -Xmx256m $jvm -Duser.home="$work/home/namesrv" \
      -cp "$work/lib/*" org.apache.rocketmq.namesrv.NamesrvStartup -c "$work/conf/namesrv.conf"
    wait_port $namesrv "$work/logs/namesrv.log"
    for n in 1 2 3; do start_node $n; done
    for n in 1 2 3; do wait_port "$(port $n)" "$work/logs/$n.log"; done
    wait_master
    if [ "$2" = proxy ]; then start_proxy; fi
    ;;
  proxy) start_proxy ;;
  stop) for name in $names; do end "$name" TERM & done; wait ;;
  wipe) for name in $names; do end "$name" KILL; done; rm -rf "$data" "$work/logs" "$work/home" "$work/conf" ;;
  kill) for n in $(targets "$2"); do end "rocketmq-$n" KILL; done ;;
  restart) for n in $(targets "$2"); do start_node "$n"; done; for n in $(targets "$2"); do wait_port "$(port "$n")" "$work/logs/$n.log"; done ;;
  create-topic)
    admin updateTopic -c RaftCluster -t "$2" -r "$3" -w "$3" -a +message.type=NORMAL >>"$work/logs/admin.log" 2>&1
    sleep 5
    ;;
  delete-topic) admin deleteTopic -c RaftCluster -t "$2" >>"$work/logs/admin.log" 2>&1 ;;
  bench)
    shift
    case " $* " in
      *" --driver official "*)
        # shellcheck disable=SC2086
        exec "$java" $client_flags -Drocketmq.log.level=WARN -Duser.home="$work/home/client" \
          -cp "$(bench_path):$BENCH_WORK/official/classes:$BENCH_WORK/official/lib/*" io.argosy.benchmarks.BenchMain \
          "$@" --endpoints 127.0.0.1:$grpc --pids "$pids" --control "$self"
        ;;
    esac
    # shellcheck disable=SC2086
    exec "$java" $client_flags -Drocketmq.serialize.type=ROCKETMQ -Drocketmq.client.logRoot="$work/logs/client" \
      -Drocketmq.client.logLevel=ERROR -Duser.home="$work/home/client" \
      -cp "$(bench_path):$work/classes:$work/lib/*" io.argosy.benchmarks.BenchMain "$@" \
      --driver rocketmq --endpoints 127.0.0.1:$namesrv --pids "$pids" --control "$self" \
      -O brokerPorts="$(port 1),$(port 2),$(port 3)"
    ;;
  *) sed -n '2,3p' "$0" >&2; exit 2 ;;
esac
