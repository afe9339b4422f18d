# Sourced by simulate.sh and mutants.sh, after toolchain.sh: compiles the simulator, with visible progress.
# Argument of both functions: the module whose tests it is run from, raft or broker.

build_simulator() {
  local stamp=$1/target/test-classpath newer=none
  if [ -f "$stamp" ]; then
    newer=$(find . -path '*/target' -prune -o \( -path './*/src/*' -o -name pom.xml \) -type f \
      -newer "$stamp" -print -quit)
  fi
  [ -n "$newer" ] || return 0
  echo "==> compiling the simulator"
  mvn -B -q -Psimulate -pl "$1" -am process-test-classes -DskipTests
}

simulator_classpath() {
  echo "$1/target/test-classes:$1/target/classes:raft/target/test-classes:$(cat "$1/target/test-classpath")"
}
