#!/usr/bin/env bash
# A local cluster: one name server and a broker group, on loopback.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail

# These tell clients which cluster to talk to. Servers read the first one as a key of their own: it must not reach them.
unset ARGOSY_SECRET_FILE ARGOSY_ENDPOINTS

usage() {
  cat <<'EOF'
Usage: scripts/cluster.sh COMMAND [--nodes N] [--dir DIR] [--base-port PORT]

Commands
  start           build if needed, start everything; creates the group when all replicas are empty
  stop [N]        orderly stop (SIGTERM) of everything, of replica N, or of "namesrv"
  status          who runs, who leads, how far each replica is
  leader          print the number of the leading replica; exit code 1 while there is none
  kill N          SIGKILL replica N, or "all" replicas, or "namesrv"
  pause N         SIGSTOP replica N
  resume N        SIGCONT replica N
  restart N       stop replica N, if it runs, and start it; also "all" and "namesrv"
  logs N          show the log of replica N, or of "namesrv"
  add N           start a new replica N, add it to the group and make it a voter once it has everything
  remove N        remove replica N from the group and stop it; its number is used up
  replace N M     put the new replica M into the place of replica N, which may be gone
  wipe            delete all data of a stopped cluster
  wipe N          delete the data of replica N, which must be stopped: started again it waits as a stranger, and
                  since its disk is another one now, only under a new number it becomes a member: replace N M

Options
  --nodes N         replicas of the group at its birth (default 3; fixed by the first start)
  --wait DURATION   how long add and replace wait until the new replica has everything (default 10m)
  --dir DIR         data, logs and process ids (default ./data)
  --base-port PORT  name server at PORT, replica N at PORT+10*N
                    (default: name server 8081, replicas 10911, 10921, 10931)

Each replica uses four ports: clients at P, peers at P+1, admin at P+2, metrics and health at P+3.
Settings for all processes can be given in the environment: see docs/configuration.md (ARGOSY_...).

Exit codes: 0 done, 1 failed (a start that fails stops what it started), 2 wrong usage, 5 done in part: "start" has
stopped a replica again that was removed with "argosy raft remove"; the others run.
EOF
}

here=$(cd "$(dirname "$0")/.." && pwd)
command=${1:-}
[ -n "$command" ] || { usage; exit 2; }
shift
# need OPTION WHAT [VALUE]
need() { [[ -n ${3:-} && $3 != --* ]] || { echo "$1 needs $2; see scripts/cluster.sh --help" >&2; exit 2; }; }
nodes='' dir=data base_port='' target='' second='' wait=10m
while [ $# -gt 0 ]; do
  case $1 in
    --nodes) need "$1" "a number" "${2:-}"; nodes=$2; shift 2 ;;
    --dir) need "$1" "a folder" "${2:-}"; dir=$2; shift 2 ;;
    --wait) need "$1" "a duration" "${2:-}"; wait=$2; shift 2 ;;
    --base-port) need "$1" "a port" "${2:-}"; base_port=$2; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "unknown option $1; see scripts/cluster.sh --help" >&2; exit 2 ;;
    *)
      if [ -z "$target" ]; then target=$1
      elif [ "$command" = replace ] && [ -z "$second" ]; then second=$1
      else echo "one replica at a time" >&2; exit 2; fi
      shift ;;
  esac
done
case $command in -h | --help | help) usage; exit 0 ;; esac

case $command in
  start | stop | status | leader | kill | pause | resume | restart | logs | wipe | add | remove | replace) ;;
  *) echo "unknown command $command" >&2; usage >&2; exit 2 ;;
esac
case $command in
  start | status | leader)
    [ -z "$target" ] || { echo "$command takes no argument, not \"$target\"; see scripts/cluster.sh --help" >&2; exit 2; } ;;
esac
if [ "$command" = start ]; then
  mkdir -p "$dir"
elif [ ! -f "$dir/cluster.env" ]; then
  echo "no cluster in $dir" >&2
  exit 1
fi
dir=$(cd "$dir" && pwd)

# The shape of the cluster is fixed by its first start, and by what was added and removed since.
cluster_added='' cluster_removed=''
if [ -f "$dir/cluster.env" ]; then
  # shellcheck disable=SC1091
  . "$dir/cluster.env"
  [ -z "$nodes" ] || [ "$nodes" = "$cluster_nodes" ] || {
    echo "$dir holds a cluster of $cluster_nodes replicas; wipe it first or use another --dir" >&2; exit 2; }
  [ -z "$base_port" ] || [ "$base_port" = "$cluster_base_port" ] || {
    echo "$dir holds a cluster at --base-port ${cluster_base_port:-(default)}; wipe it first or use another --dir" >&2
    exit 2; }
else
  cluster_nodes=${nodes:-3}
  cluster_base_port=$base_port
fi
case $cluster_nodes in [1-9]) ;; *) echo "--nodes takes 1 to 9, not $cluster_nodes" >&2; exit 2 ;; esac
case $cluster_base_port in
  '') ;;
  *[!0-9]*) echo "--base-port takes a number from 1024 to 65400, not $cluster_base_port" >&2; exit 2 ;;
  *) [ "$cluster_base_port" -ge 1024 ] && [ "$cluster_base_port" -le 65400 ] || {
       echo "--base-port takes a number from 1024 to 65400, not $cluster_base_port" >&2; exit 2; } ;;
esac

namesrv_port() { if [ -n "$cluster_base_port" ]; then echo "$cluster_base_port"; else echo 8081; fi; }
replica_port() { if [ -n "$cluster_base_port" ]; then echo $((cluster_base_port + 10 * $1)); else echo $((10901 + 10 * $1)); fi; }
is_removed() { case " $cluster_removed " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
# All that have ever been, and those that are.
all_replicas() { seq 1 "$cluster_nodes"; printf '%s\n' $cluster_added; }
replicas() { local n; for n in $(all_replicas); do is_removed "$n" || echo "$n"; done; }
is_replica() { case " $(replicas | tr '\n' ' ') " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
save_shape() {
  {
    printf 'cluster_nodes=%s\ncluster_base_port=%s\n' "$cluster_nodes" "$cluster_base_port"
    printf 'cluster_added="%s"\ncluster_removed="%s"\n' "$cluster_added" "$cluster_removed"
  } >"$dir/cluster.env.new"
  mv "$dir/cluster.env.new" "$dir/cluster.env"
}
pid_file() { echo "$dir/$1.pid"; }

# The process id of a running server, or nothing. A stale file is ignored: the process must be one of ours.
running() {
  local file pid
  file=$(pid_file "$1")
  [ -f "$file" ] || return 0
  pid=$(cat "$file")
  if [ -n "$pid" ] && { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "$dir/$1.yaml"; then echo "$pid"; fi
}

# A killed process is gone once its sockets are closed, which is later than its command line is: the main thread is a
# zombie at once, but the sockets stay open until the last of the other threads has ended.
wait_until_gone() {
  local stat
  while read -r -a stat < <(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null); do
    if [ "${stat[0]}" = Z ] && [ "${stat[17]}" -le 1 ]; then return 0; fi
    sleep 0.01
  done
}

server_of() { if [ "$1" = namesrv ]; then echo namesrv; else echo "broker-$1"; fi; }

check_target() {
  case $target in
    namesrv) return 0 ;;
    all) case $command in kill | restart | stop) return 0 ;; esac ;;
    [1-9]) if is_replica "$target"; then return 0; fi ;;
  esac
  echo "$command takes the number of a replica ($(replicas | tr '\n' ' ' | sed 's/ $//'))${target:+, not \"$target\"}; see --help" >&2
  exit 2
}

# check_new N: a number that was never used.
check_new() {
  case $1 in
    [1-9]) ;;
    *) echo "$command takes the number of a new replica, at most 9${1:+, not \"$1\"}; see --help" >&2; exit 2 ;;
  esac
  if is_removed "$1"; then echo "replica $1 was removed, and its number is never used again: take another one" >&2; exit 2; fi
  if [ "$1" -le "$cluster_nodes" ]; then
    echo "replica $1 belongs to the group already: take a number above $cluster_nodes" >&2; exit 2
  fi
}

targets() { if [ "$target" = all ]; then replicas; else echo "$target"; fi; }

build_if_needed() {
  cd "$here"
  . scripts/toolchain.sh
  . scripts/build.sh
  if ! argosy_is_built; then ensure_toolchain; build_argosy; fi
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

require_free_ports() {
  local port taken=''
  for port in "$@"; do if port_is_taken "$port"; then taken="$taken $port"; fi; done
  [ -z "$taken" ] || {
    echo "These ports are taken by another program:$taken" >&2
    local other=''
    # The ports of an existing cluster are fixed: other ports need another folder.
    if [ -f "$dir/cluster.env" ]; then other=" --dir $dir-2"; fi
    echo "Stop it, or choose other ports: ${ARGOSY_CALLER:-scripts/cluster.sh start}$other --base-port 20000" >&2
    exit 1
  }
}

# Ports of that range are drawn for outgoing connections of any program: a replica that restarts may find its own taken.
warn_of_ephemeral_ports() {
  local port first last range=/proc/sys/net/ipv4/ip_local_port_range
  [ -r "$range" ] || return 0
  read -r first last <"$range"
  for port in "$@"; do
    if [ "$port" -ge "$first" ] && [ "$port" -le "$last" ]; then
      echo "warning: port $port is one of those that this machine draws for outgoing connections ($first to $last):" >&2
      echo "a server may find it taken when it restarts. Better choose a --base-port below $((first - 100))." >&2
      return 0
    fi
  done
}

write_configuration() {
  local n p
  if [ ! -f "$dir/cluster.env" ]; then
    save_shape
  fi
  if [ ! -f "$dir/cluster.secret" ]; then
    (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/cluster.secret")
  fi
  p=$(namesrv_port)
  [ -e "$dir/namesrv.yaml" ] || cat >"$dir/namesrv.yaml" <<EOF
client:
  port: $p
registration:
  port: $((p + 1))
ops:
  port: $((p + 2))
secretFile: $dir/cluster.secret
EOF
  for n in $(replicas); do
    # An existing file may have been edited.
    if [ -e "$dir/broker-$n.yaml" ]; then continue; fi
    p=$(replica_port "$n")
    {
      cat <<EOF
group: g1
replica: $n
dataFolder: $dir/broker-$n
secretFile: $dir/cluster.secret
namesrv: 127.0.0.1:$(($(namesrv_port) + 1))
client:
  port: $p
peer:
  port: $((p + 1))
admin:
  port: $((p + 2))
ops:
  port: $((p + 3))
replicas:
EOF
      local m q
      for m in $(replicas); do
        q=$(replica_port "$m")
        printf '  %s:\n    client: 127.0.0.1:%s\n    peer: 127.0.0.1:%s\n    admin: 127.0.0.1:%s\n' \
          "$m" "$q" $((q + 1)) $((q + 2))
      done
    } >"$dir/broker-$n.yaml"
  done
}

java_command() {
  if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then echo "$JAVA_HOME/bin/java"; else echo java; fi
}

# launch NAME MAIN_CLASS JVM_FLAGS: starts a server in the background and returns at once.
launch() {
  local name=$1 main=$2 flags=$3 classes=${CHAOS_CLASSES:+:$CHAOS_CLASSES}
  mkdir -p "$dir/logs"
  # shellcheck disable=SC2086
  setsid "$(java_command)" $flags ${ARGOSY_JAVA_OPTS:-} -cp "$here/cli/target/argosy-cli/lib/*$classes" "$main" \
    --config "$dir/$name.yaml" >>"$dir/logs/$name.log" 2>&1 </dev/null &
  local pid=$!
  echo "$pid" >"$(pid_file "$name")"
  # Until the new process has become the server, nothing tells it from this script.
  while [ -z "$(running "$name")" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.01; done
}

common_flags="-XX:+ExitOnOutOfMemoryError -XX:+UseSerialGC -XX:MetaspaceSize=64m -Xss512k -XX:-UsePerfData"
launch_server() {
  case $1 in
    namesrv) launch namesrv io.argosy.namesrv.NamesrvMain "-Xms32m -Xmx128m $common_flags" ;;
    # The chaos tests run brokers on a disk that they can break.
    *) launch "$1" "${CHAOS_BROKER_MAIN:-io.argosy.broker.BrokerMain}" "-Xms256m -Xmx768m -Xmn160m -XX:SurvivorRatio=3 -XX:MaxTenuringThreshold=3 $common_flags" ;;
  esac
}

ops_port_of() {
  case $1 in
    namesrv) echo $(($(namesrv_port) + 2)) ;;
    broker-*) echo $(($(replica_port "${1#broker-}") + 3)) ;;
  esac
}

# http_get PORT PATH: the whole answer to a GET, or nothing.
http_get() {
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 0
  printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
  timeout 2 cat <&3 || true
  exec 3<&- 3>&-
} 2>/dev/null
http_status() { http_get "$1" "$2" | sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p'; }

# unborn NAME: its store belongs to no group.
unborn() { http_get "$(ops_port_of "$1")" /readyz | grep -q 'belongs to no group'; }

died() {
  echo "$1 did not start. The end of its log, $dir/logs/$1.log:" >&2
  tail -n 20 "$dir/logs/$1.log" >&2
  exit 1
}

# wait_for NAME PATH SECONDS: until the server answers 200 on its health port.
wait_for() {
  local name=$1 path=$2 left=$(($3 * 20)) port
  port=$(ops_port_of "$name")
  while [ "$(http_status "$port" "$path")" != 200 ]; do
    [ -n "$(running "$name")" ] || died "$name"
    left=$((left - 1))
    [ $left -gt 0 ] || {
      echo "$name does not answer $path on port $port after $3 s; see $dir/logs/$name.log" >&2
      http_get "$port" "$path" | sed '1,/^\r$/d' >&2
      exit 1
    }
    sleep 0.05
  done
}

# wait_for_port NAME PORT SECONDS: until something listens there.
wait_for_port() {
  local left=$(($3 * 20))
  while ! port_is_taken "$2"; do
    [ -n "$(running "$1")" ] || died "$1"
    left=$((left - 1))
    [ $left -gt 0 ] || { echo "$1 does not listen on port $2 after $3 s; see $dir/logs/$1.log" >&2; exit 1; }
    sleep 0.05
  done
}

# A first start that was interrupted and left no mark: all run, and nobody has anything yet.
all_unborn() {
  local n
  [ -z "$cluster_added$cluster_removed" ] || return 1
  for n in $(replicas); do
    wait_for_port "broker-$n" $(($(replica_port "$n") + 2)) 60
    unborn "broker-$n" || return 1
  done
}

stop_server() {
  local pid left=300
  pid=$(running "$1")
  [ -n "$pid" ] || { rm -f "$(pid_file "$1")"; echo "$1 does not run"; return 0; }
  kill -TERM "$pid" 2>/dev/null || true
  kill -CONT "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && [ -n "$(running "$1")" ]; do
    left=$((left - 1))
    [ $left -gt 0 ] || { echo "$1 (process $pid) did not stop within 15 s: killed" >&2; kill -KILL "$pid"; break; }
    sleep 0.05
  done
  wait_until_gone "$pid"
  rm -f "$(pid_file "$1")"
  echo "$1 stopped"
}

kill_server() {
  local pid
  pid=$(running "$1")
  [ -n "$pid" ] || { echo "$1 does not run" >&2; return 1; }
  kill -KILL "$pid"
  wait_until_gone "$pid"
  rm -f "$(pid_file "$1")"
  local number=${1#broker-}
  echo "$1 killed (SIGKILL); bring it back with: scripts/cluster.sh restart $number --dir $dir"
}

is_paused() { grep -q '^State:[[:space:]]*T' "/proc/$1/status" 2>/dev/null; }

# signal_server NAME SIGNAL WORD
signal_server() {
  local pid
  pid=$(running "$1")
  [ -n "$pid" ] || { echo "$1 does not run" >&2; exit 1; }
  kill "-$2" "$pid"
  echo "$1 $3"
}

# A start that fails leaves nothing behind of what it started.
undo_start() {
  local code=$? name
  trap - EXIT
  [ "$code" != 0 ] || return 0
  for name in $to_start; do stop_server "$name" >/dev/null; done
  echo "The start failed; stopped what it had started:$to_start" >&2
  exit "$code"
}

admin() {
  ARGOSY_SECRET_FILE="$dir/cluster.secret" ARGOSY_ENDPOINTS="127.0.0.1:$(namesrv_port)" "$here/scripts/argosy" "$@"
}

# The numbers that the group says are used up, with spaces; nothing if it does not answer.
retired_ids() {
  { admin raft status --timeout 2s -o jsonl 2>/dev/null || true; } |
    retired_in
}
retired_in() { sed -n 's/.*"retiredIds":\[\([0-9,]*\)\].*/\1/p' | tr ',' ' '; }

# no_voter NAME: its store knows the group, and is none of its voters.
no_voter() { http_get "$(ops_port_of "$1")" /readyz | grep -q 'no voter of its group'; }

found_removed='' found_learners=''

# ask_who_counts: asks the group about who is $pending, and takes those out that it does not wait for. Who was removed is
# stopped again; who was down then does not even know it. A learner is left alone: it is not ready before it is promoted.
ask_who_counts() {
  local answer retired name still=''
  # Without a leader it fails: then nobody's word counts yet.
  answer=$(admin raft status --timeout 2s -o jsonl 2>/dev/null) || return 0
  retired=$(retired_in <<<"$answer")
  for name in $pending; do
    if [[ " $retired " = *" ${name#broker-} "* ]]; then
      stop_server "$name" >/dev/null
      found_removed="$found_removed ${name#broker-}"
    elif no_voter "$name"; then
      found_learners="$found_learners ${name#broker-}"
    else
      still="$still $name"
    fi
  done
  pending=$still
}

# wait_for_members NAME...: until all are ready that the group counts on.
wait_for_members() {
  local pending=$* name still end=$((SECONDS + 60)) ask_at=$((SECONDS + 5))
  while [ -n "$pending" ]; do
    still=''
    for name in $pending; do
      [ -n "$(running "$name")" ] || died "$name"
      [ "$(http_status "$(ops_port_of "$name")" /readyz)" = 200 ] || still="$still $name"
    done
    pending=$still
    if [ -n "$pending" ] && [ $SECONDS -ge $ask_at ]; then ask_who_counts; ask_at=$((SECONDS + 5)); fi
    if [ $SECONDS -ge $end ] && [ -n "$pending" ]; then
      for name in $pending; do
        echo "$name does not answer /readyz on port $(ops_port_of "$name") after 60 s; see $dir/logs/$name.log" >&2
        http_get "$(ops_port_of "$name")" /readyz | sed '1,/^\r$/d' >&2
      done
      exit 1
    fi
    sleep 0.05
  done
}

# start_new N: starts it with nothing, if it does not run yet; it waits to be added.
start_new() {
  local name=broker-$1 p
  if ! is_replica "$1"; then
    p=$(replica_port "$1")
    require_free_ports "$p" $((p + 1)) $((p + 2)) $((p + 3))
    cluster_added="${cluster_added:+$cluster_added }$1"
    save_shape
    write_configuration
  fi
  if [ -z "$(running "$name")" ]; then
    launch_server "$name"
    echo "$name started"
  fi
  wait_for "$name" /livez 60
  wait_for_port "$name" $(($(replica_port "$1") + 2)) 60
}

# removed_from_group N: in the group it is done already.
removed_from_group() {
  cluster_removed="${cluster_removed:+$cluster_removed }$1"
  save_shape
  stop_server "broker-$1"
  echo "The data of replica $1 is of no more use: rm -r $dir/broker-$1"
}

case $command in
  start)
    build_if_needed
    to_start=''
    ports=''
    for name in namesrv $(replicas | sed 's/^/broker-/'); do
      [ -n "$(running "$name")" ] && continue
      to_start="$to_start $name"
      case $name in
        namesrv) p=$(namesrv_port); ports="$ports $p $((p + 1)) $((p + 2))" ;;
        *) p=$(replica_port "${name#broker-}"); ports="$ports $p $((p + 1)) $((p + 2)) $((p + 3))" ;;
      esac
    done
    if [ -z "$to_start" ] && [ ! -e "$dir/bootstrap-unfinished" ] && ! all_unborn; then
      echo "already running; see scripts/cluster.sh status"
      exit 0
    fi
    # shellcheck disable=SC2086
    require_free_ports $ports
    # shellcheck disable=SC2086
    warn_of_ephemeral_ports $ports
    all_empty=yes
    # Who was added later is a sign of life of the group.
    [ -z "$cluster_added" ] || all_empty=no
    for n in $(all_replicas); do if [ -e "$dir/broker-$n" ]; then all_empty=no; fi; done
    strangers=''
    if [ "$all_empty" = no ] && [ ! -e "$dir/bootstrap-unfinished" ]; then
      for n in $(replicas); do if [ ! -e "$dir/broker-$n" ]; then strangers="$strangers broker-$n"; fi; done
    fi
    write_configuration
    # From the first process on: whoever is interrupted in between finishes with the next start.
    if [ "$all_empty" = yes ]; then : >"$dir/bootstrap-unfinished"; fi
    trap undo_start EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for name in $to_start; do launch_server "$name"; done
    for name in $to_start; do wait_for "$name" /livez 60; done
    if all_unborn; then : >"$dir/bootstrap-unfinished"; fi
    if [ -e "$dir/bootstrap-unfinished" ]; then
      for n in $(replicas); do wait_for_port "broker-$n" $(($(replica_port "$n") + 2)) 60; done
      admin raft bootstrap --admin "127.0.0.1:$(($(replica_port 1) + 2))"
      rm -f "$dir/bootstrap-unfinished"
    fi
    members=''
    for name in $to_start; do
      case " $strangers " in
        *" $name "*) echo "$name has no data and waits as a stranger; see replace in scripts/cluster.sh --help" ;;
        *) members="$members $name" ;;
      esac
    done
    # shellcheck disable=SC2086
    wait_for_members $members
    trap - EXIT
    addresses=''
    for n in $(replicas); do
      case " $found_removed " in *" $n "*) ;; *) addresses="$addresses 127.0.0.1:$(replica_port "$n")" ;; esac
    done
    echo "name server 127.0.0.1:$(namesrv_port), replicas$addresses, data in $dir"
    for n in $found_learners; do
      echo "broker-$n is no voter: it is being brought up, or waits for scripts/argosy raft promote --replica $n"
    done
    for n in $found_removed; do
      echo "broker-$n was removed from the group with argosy raft remove: it is stopped again. Finish its removal with" >&2
      echo "    scripts/cluster.sh remove $n --dir $dir" >&2
      echo "Its number is used up: whatever takes its place needs a new one (scripts/cluster.sh add N)." >&2
    done
    [ -z "$found_removed" ] || exit 5
    ;;
  stop)
    if [ -n "$target" ] && [ "$target" != all ]; then check_target; stop_server "$(server_of "$target")"; exit 0; fi
    for n in $(replicas); do
      stop_server "broker-$n" &
    done
    wait
    stop_server namesrv
    ;;
  status)
    pid=$(running namesrv)
    reachable=no retired=''
    if [ -n "$pid" ] && ! is_paused "$pid"; then reachable=yes; retired=$(retired_ids); fi
    for name in namesrv $(replicas | sed 's/^/broker-/'); do
      pid=$(running "$name")
      case " $retired " in
        *" ${name#broker-} "*)
          # By argosy raft remove, of which this script is not told.
          echo "$name: removed from the group${pid:+, process $pid}; finish it: scripts/cluster.sh remove ${name#broker-} --dir $dir"
          continue ;;
      esac
      if [ -n "$pid" ] && is_paused "$pid"; then echo "$name: paused, process $pid"
      elif [ -n "$pid" ]; then echo "$name: running, process $pid"; else echo "$name: down"; fi
    done
    if [ "$reachable" = yes ]; then admin cluster status --timeout 2s; fi
    ;;
  leader)
    for n in $(replicas); do
      p=$(($(replica_port "$n") + 3))
      [ -n "$(running "broker-$n")" ] || continue
      if metrics=$(exec 2>/dev/null && exec 3<>"/dev/tcp/127.0.0.1/$p" && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3 && timeout 2 cat <&3) 2>/dev/null &&
        grep -Eq '^argosy_raft_leader(\{[^}]*\})? 1(\.0)?$' <<<"$metrics"; then
        echo "$n"
        exit 0
      fi
    done
    echo "no replica leads" >&2
    exit 1
    ;;
  kill) check_target; for t in $(targets); do kill_server "$(server_of "$t")"; done ;;
  pause) check_target; signal_server "$(server_of "$target")" STOP paused ;;
  resume) check_target; signal_server "$(server_of "$target")" CONT resumed ;;
  restart)
    check_target
    build_if_needed
    for t in $(targets); do stop_server "$(server_of "$t")" >/dev/null; done
    for t in $(targets); do launch_server "$(server_of "$t")"; done
    for t in $(targets); do wait_for "$(server_of "$t")" /livez 60; done
    # Alive is sooner than reachable. Ready may be never: a restarted replica can lack a leader.
    for t in $(targets); do
      case $(server_of "$t") in broker-*) wait_for_port "$(server_of "$t")" "$(replica_port "$t")" 60 ;; esac
    done
    for t in $(targets); do echo "$(server_of "$t") restarted"; done
    ;;
  logs)
    check_target
    log=$dir/logs/$(server_of "$target").log
    [ -f "$log" ] || { echo "no log of $(server_of "$target") in $dir/logs" >&2; exit 1; }
    cat "$log"
    ;;
  add)
    check_new "$target"
    build_if_needed
    start_new "$target"
    # 5: nobody leads at the moment.
    members=$(admin raft status --timeout 60s -o json) || [ $? = 5 ]
    grep -Eq "\"replicaId\" *: *$target[^0-9]" <<<"$members" ||
      admin raft add --timeout 60s --replica "$target" --peer "127.0.0.1:$(($(replica_port "$target") + 1))"
    admin raft promote --timeout 60s --replica "$target" --wait "$wait"
    ;;
  remove)
    check_target
    build_if_needed
    [ -n "$(running namesrv)" ] || {
      echo "the name server does not run, and only the group knows who belongs to it. First: scripts/cluster.sh start --dir $dir" >&2
      echo "Replicas that were removed already do not hinder that start." >&2
      exit 1
    }
    case " $(retired_ids) " in
      *" $target "*) ;; # by hand
      *) admin raft remove --timeout 60s --replica "$target" ;;
    esac
    removed_from_group "$target"
    ;;
  replace)
    check_target
    check_new "$second"
    build_if_needed
    start_new "$second"
    admin raft replace --timeout 60s --replica "$target" --with "$second" --peer "127.0.0.1:$(($(replica_port "$second") + 1))" --wait "$wait"
    removed_from_group "$target"
    ;;
  wipe)
    if [ -n "$target" ]; then
      check_target
      case $target in namesrv) echo "a name server keeps no data" >&2; exit 2 ;; esac
      [ -z "$(running "broker-$target")" ] || {
        echo "broker-$target runs; stop it first: scripts/cluster.sh stop $target --dir $dir" >&2; exit 1; }
      rm -rf "$dir/broker-$target"
      echo "wiped replica $target; started again it waits as a stranger: scripts/cluster.sh replace $target M --dir $dir"
      exit 0
    fi
    for name in namesrv $(all_replicas | sed 's/^/broker-/'); do
      [ -z "$(running "$name")" ] || { echo "$name runs; stop the cluster first: scripts/cluster.sh stop --dir $dir" >&2; exit 1; }
    done
    rm -rf "$dir"/broker-* "$dir"/namesrv.yaml "$dir"/*.pid "$dir"/logs "$dir"/cluster.env "$dir"/cluster.secret "$dir"/bootstrap-unfinished
    echo "wiped $dir"
    ;;
esac
