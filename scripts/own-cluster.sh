# Sourced by the scripts that run a cluster of their own, before they read their options; changes to the source tree.
# What the caller's shell says of another cluster is not meant for this one.

caller=$PWD
cd "$(dirname "$0")/.."
unset ARGOSY_SECRET_FILE ARGOSY_ENDPOINTS
export ARGOSY_CALLER="scripts/${0##*/}"

# A path as the caller meant it.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$caller/$1" ;; esac; }

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
