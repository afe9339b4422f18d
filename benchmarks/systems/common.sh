# Sourced by the programs that handle one system each, for scripts/bench.sh. Each takes a verb:
#   prepare CONTESTANTS  downloads and compiles what they need
#   start VARIANT        three replicas on loopback, in $BENCH_WORK/SYSTEM
#   stop | wipe
#   kill N|all           SIGKILL; restart N|all starts what is down
#   create-topic T Q, delete-topic T
#   bench ARGUMENTS      runs a measurement against it
# Processes are only ever ended by the ids in their files.
set -euo pipefail
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
self=$home/benchmarks/systems/$(basename "$0")
: "${BENCH_WORK:=$home/data/bench}"
mkdir -p "$BENCH_WORK"
BENCH_WORK=$(cd "$BENCH_WORK" && pwd)
export BENCH_WORK

java=java
[ -n "${JAVA_HOME:-}" ] && java=$JAVA_HOME/bin/java

# The same for every client.
client_flags="-XX:+UseParallelGC -Xms1g -Xmx1g -XX:-UsePerfData ${BENCH_JAVA_OPTS:-}"

# The part of Argosy that measures, with nothing that another system's client might have in another version.
bench_path() {
  local lib=$home/cli/target/argosy-cli/lib jar path=''
  for jar in "$lib"/argosy-benchmarks-*.jar "$lib"/HdrHistogram-*.jar "$lib"/picocli-*.jar "$lib"/jackson-*.jar; do
    path=$path:$jar
  done
  echo "${path#:}"
}

# fetch_peer NAME: libraries and driver of a peer.
fetch_peer() {
  local name=$1 into=$BENCH_WORK/$1 source=$home/benchmarks/peers/$1
  if [ ! -f "$into/lib/.complete" ] || [ "$source/pom.xml" -nt "$into/lib/.complete" ]; then
    echo "==> downloading the libraries of $name"
    rm -rf "$into/lib"
    mvn -B -q -f "$source/pom.xml" dependency:copy-dependencies -DoutputDirectory="$into/lib" -DincludeScope=runtime
    touch "$into/lib/.complete"
  fi
  if [ ! -f "$into/classes/.complete" ] || [ "$home/cli/target/argosy-cli/built" -nt "$into/classes/.complete" ] ||
    [ -n "$(find "$source/src" -newer "$into/classes/.complete" -type f -print -quit)" ]; then
    rm -rf "$into/classes"
    mkdir -p "$into/classes"
    cp -R "$source/src/." "$into/classes/"
    find "$into/classes" -name '*.java' -delete
    # shellcheck disable=SC2046
    "${java}c" -nowarn -cp "$(bench_path):$into/lib/*" -d "$into/classes" $(find "$source/src" -name '*.java')
    touch "$into/classes/.complete"
  fi
}

# launch NAME LOG COMMAND...: in the background, its id in $pids/NAME.pid.
launch() {
  local name=$1 log=$2
  shift 2
  mkdir -p "$pids" "$(dirname "$log")"
  setsid "$@" >>"$log" 2>&1 </dev/null &
  echo $! >"$pids/$name.pid"
}

# end NAME SIGNAL: returns when it is gone.
end() {
  local file=$pids/$1.pid pid left=160
  [ -f "$file" ] || return 0
  pid=$(cat "$file")
  # The id may have gone to somebody else since: what we started names our folder on its command line.
  if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$BENCH_WORK"; then
    kill "-$2" "$pid" 2>/dev/null || true
    while [ -e "/proc/$pid" ] && [ "$left" -gt 0 ]; do sleep 0.1; left=$((left - 1)); done
    if [ -e "/proc/$pid" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$file"
}

wait_port() {
  local left=600
  while ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "port $1 did not open; see $2" >&2; return 1; }
    sleep 0.1
  done
}

require_ports_free() {
  local port
  for port in "$@"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "port $port is taken by another program" >&2
      exit 1
    fi
  done
}

# targets N|all
targets() { if [ "$1" = all ]; then echo 1 2 3; else echo "$1"; fi; }
