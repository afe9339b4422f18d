# Sourced by the other scripts: makes sure that JDK 17 or newer and Maven 3.8 or newer are there.
# Installs them with apt-get when root on Debian or Ubuntu; otherwise prints the command to run and stops.

java_major() {
  local version
  version=$("$1" -version 2>&1 | sed -n 's/.*version "\([0-9][0-9]*\).*/\1/p' | head -1)
  echo "${version:-0}"
}

java_of_a_jdk() {
  if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/javac" ]; then
    echo "$JAVA_HOME/bin/java"
  elif command -v javac >/dev/null 2>&1; then
    echo "$(dirname "$(readlink -f "$(command -v javac)")")/java"
  fi
}

maven_is_recent() {
  command -v mvn >/dev/null 2>&1 || return 1
  local version
  version=$(mvn -v 2>/dev/null | sed -n 's/.*Apache Maven \([0-9.]*\).*/\1/p' | head -1)
  [ -n "$version" ] && [ "$(printf '%s\n3.8\n' "$version" | sort -V | head -1)" = 3.8 ]
}

missing_tools() {
  local java
  java=$(java_of_a_jdk)
  if [ -z "$java" ] || [ "$(java_major "$java")" -lt 17 ]; then echo -n "openjdk-17-jdk-headless "; fi
  if ! maven_is_recent; then echo -n "maven "; fi
}

ensure_toolchain() {
  local missing
  missing=$(missing_tools)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "==> installing $missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing ca-certificates >/dev/null
    missing=$(missing_tools)
    [ -n "$missing" ] || return 0
    echo "still missing after the installation: $missing" >&2
    exit 1
  fi
  echo "Argosy needs a JDK (17 or newer) and Maven (3.8 or newer). Missing: $missing" >&2
  echo "On Debian or Ubuntu run:" >&2
  echo "    sudo apt-get install -y $missing" >&2
  exit 1
}
