# Sourced by the other scripts, after toolchain.sh: builds what they run, with visible progress, if it is not built yet
# or older than the sources.

# Maven writes the stamp, so that whoever built without the scripts does not build again.
argosy_is_built() {
  local stamp=cli/target/argosy-cli/built newer
  [ -f "$stamp" ] || return 1
  newer=$(find . -path ./data -prune -o -path '*/target' -prune -o \
      \( -path '*/src/main/*' -o -name pom.xml \) -type f -newer "$stamp" -print -quit)
  [ -z "$newer" ]
}

build_argosy() {
  if argosy_is_built; then return 0; fi
  echo "==> building Argosy (the first time Maven downloads its libraries, which takes some minutes)"
  local log=target/build.log
  mkdir -p target
  # Every script that sources this has pipefail set.
  if ! mvn -B -ntp -DskipTests -Dspotless.check.skip=true package 2>&1 | tee "$log" |
    sed -n -u 's/^\[INFO\] Building Argosy :: \([a-z-]*\).*\[\(.*\)\]$/    \1 (\2)/p; s/^\[ERROR\]/    &/p'; then
    echo "The build failed; the whole output is in $log" >&2
    exit 1
  fi
}
