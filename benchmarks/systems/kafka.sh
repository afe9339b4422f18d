#!/usr/bin/env bash
# Apache Kafka: three nodes, each controller and broker, replication factor 3, min.insync.replicas 2.
# Variants: default; fsync (log.flush.interval.messages=1, which is the topic setting flush.messages=1 for all topics).
. "$(dirname "$0")/common.sh"
work=$BENCH_WORK/kafka pids=$work/pids data=$work/data
port() { echo $((24091 + $1)); }
controller() { echo $((24191 + $1)); }
endpoints=127.0.0.1:$(port 1),127.0.0.1:$(port 2),127.0.0.1:$(port 3)

configure() {
  local n=$1
  mkdir -p "$work/conf"
  cat >"$work/conf/$n.properties" <<EOF
process.roles=broker,controller
node.id=$n
controller.quorum.voters=1@127.0.0.1:$(controller 1),2@127.0.0.1:$(controller 2),3@127.0.0.1:$(controller 3)
listeners=PLAINTEXT://127.0.0.1:$(port "$n"),CONTROLLER://127.0.0.1:$(controller "$n")
advertised.listeners=PLAINTEXT://127.0.0.1:$(port "$n")
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$data/$n
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
auto.create.topics.enable=false
# So that the disk lasts: what topics keep is bounded by the driver.
log.retention.check.interval.ms=10000
log.segment.delete.delay.ms=1000
EOF
  if [ "$(cat "$work/variant")" = fsync ]; then echo log.flush.interval.messages=1 >>"$work/conf/$n.properties"; fi
}

start_node() {
  local n=$1
  configure "$n"
  if [ ! -f "$data/$n/meta.properties" ]; then
    "$java" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$work/lib/*" kafka.tools.StorageTool format \
      -t MkU3OEVBNTcwNTJENDM2Qg -c "$work/conf/$n.properties" >>"$work/logs/format.log" 2>&1
  fi
  # Heap and collector as in Kafka's own start script.
  launch "kafka-$n" "$work/logs/$n.log" "$java" -Xms1g -Xmx1g -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
    -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
    -cp "$work/lib/*" kafka.Kafka "$work/conf/$n.properties"
}

case ${1:-} in
  prepare) fetch_peer kafka ;;
  start)
    "$0" stop
    rm -rf "$data" "$work/logs"
    mkdir -p "$work/logs" "$data"
    echo "${2:?variant}" >"$work/variant"
    require_ports_free "$(port 1)" "$(port 2)" "$(port 3)" "$(controller 1)" "$(controller 2)" "$(controller 3)"
    for n in 1 2 3; do start_node $n; done
    for n in 1 2 3; do wait_port "$(port $n)" "$work/logs/$n.log"; done
    ;;
  stop) for n in 1 2 3; do end "kafka-$n" TERM & done; wait ;;
  wipe) for n in 1 2 3; do end "kafka-$n" KILL; done; rm -rf "$data" "$work/logs" ;;
  kill) for n in $(targets "$2"); do end "kafka-$n" KILL; done ;;
  restart) for n in $(targets "$2"); do start_node "$n"; done; for n in $(targets "$2"); do wait_port "$(port "$n")" "$work/logs/$n.log"; done ;;
  bench)
    shift
    # shellcheck disable=SC2086
    exec "$java" $client_flags -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
      -cp "$(bench_path):$work/classes:$work/lib/*" io.argosy.benchmarks.BenchMain "$@" \
      --driver kafka --endpoints "$endpoints" --pids "$pids" --control "$self"
    ;;
  *) sed -n '2,3p' "$0" >&2; exit 2 ;;
esac
