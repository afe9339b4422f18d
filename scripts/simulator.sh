# Sourced by simulate.sh and mutants.sh, after toolchain.sh: compiles the simulator, with visible progress.

build_simulator() {
  local stamp=raft/target/test-classpath newer=none
  if [ -f "$stamp" ]; then
    newer=$(find proto wire raft pom.xml -path '*/target' -prune -o \( -path '*/src/*' -o -name pom.xml \) -type f \
      -newer "$stamp" -print -quit)
  fi
  [ -n "$newer" ] || return 0
  echo "==> compiling the simulator"
  mvn -B -q -Psimulate -pl raft -am process-test-classes -DskipTests
}

simulator_classpath() {
  echo "raft/target/test-classes:raft/target/classes:$(cat raft/target/test-classpath)"
}
