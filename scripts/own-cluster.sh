# Sourced by the scripts that run a cluster of their own, before they read their options; changes to the source tree.
# What the caller's shell says of another cluster is not meant for this one.

caller=$PWD
cd "$(dirname "$0")/.."
unset ARGOSY_SECRET_FILE ARGOSY_ENDPOINTS
export ARGOSY_CALLER="scripts/${0##*/}"

# A path as the caller meant it.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$caller/$1" ;; esac; }

refuse() { echo "$1; see $ARGOSY_CALLER --help" >&2; exit 2; }

# need OPTION WHAT [VALUE]: the option's value must be there, and be none of the next option's words.
need() { [[ -n ${3:-} && $3 != --* ]] || refuse "$1 needs $2"; }

# need_number OPTION MIN MAX [VALUE]
need_number() {
  need "$1" "a number from $2 to $3" "${4:-}"
  # Nine digits at most: what is longer is no number to the shell.
  [[ $4 =~ ^(0|[1-9][0-9]{0,8})$ ]] && [ "$4" -ge "$2" ] && [ "$4" -le "$3" ] ||
    refuse "$1 takes a number from $2 to $3, not '$4'"
}

need_base_port() { need_number "$1" 1024 65400 "${2:-}"; }

# require_cluster_or_nothing DIR: what else lies there must not be wiped.
require_cluster_or_nothing() {
  if [ -d "$1" ] && [ -n "$(ls -A "$1")" ] && [ ! -f "$1/cluster.env" ]; then
    echo "$1 holds something else than a cluster; it is not wiped. Choose another --dir" >&2
    exit 1
  fi
}

# wipe_cluster DIR: stops and deletes what an earlier run left there, if any.
wipe_cluster() {
  [ -f "$1/cluster.env" ] || return 0
  scripts/cluster.sh stop --dir "$1" >/dev/null
  scripts/cluster.sh wipe --dir "$1" >/dev/null
}

# run_on_own_cluster DIR BASE_PORT MAIN OPTION...: builds what is to be run, clears the folder, and runs the class of the
# chaos tests, whose exit code is the answer. Its cluster is stopped however it ends.
run_on_own_cluster() {
  own_dir=$1 own_base_port=$2
  local main=$3
  shift 3
  require_cluster_or_nothing "$own_dir"
  . scripts/toolchain.sh
  ensure_toolchain
  . scripts/build.sh
  build_argosy
  wipe_cluster "$own_dir"
  mkdir -p "$own_dir"
  trap '[ ! -f "$own_dir/cluster.env" ] || scripts/cluster.sh stop --dir "$own_dir" --base-port "$own_base_port" >/dev/null' EXIT
  # The official client writes its log below the user's home.
  "$(java_of_a_jdk)" -XX:+UseSerialGC -Xmx512m -Drocketmq.log.level=WARN -Duser.home="$(cd "$own_dir" && pwd)" \
    -Dlogback.configurationFile="$PWD/chaos-tests/target/classes/logback.xml" \
    -cp "chaos-tests/target/chaos/lib/*:chaos-tests/target/classes" "io.argosy.chaos.$main" \
    --home "$PWD" --dir "$own_dir" --base-port "$own_base_port" "$@"
}
