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

# Any JDK from 17 on will do, where 17 itself is not packaged.
packaged() {
  case " $1 " in
    *" openjdk-17-jdk-headless "*)
      if command -v apt-cache >/dev/null 2>&1 && ! apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1; then
        echo "${1/openjdk-17-jdk-headless/default-jdk-headless}"
        return 0
      fi ;;
  esac
  echo "$1"
}

say_what_is_old() {
  local java
  java=$(java_of_a_jdk)
  if [ -n "$java" ] && [ "$(java_major "$java")" -lt 17 ]; then
    echo "Found JDK $(java_major "$java") ($java); 17 or newer is needed: install one and point JAVA_HOME to it." >&2
  fi
  if command -v mvn >/dev/null 2>&1 && ! maven_is_recent; then
    echo "Found $(mvn -v 2>/dev/null | head -1) ($(command -v mvn)); Maven 3.8 or newer is needed." >&2
    echo "If the system's package is as old: unpack a newer one from the Apache Maven site, its bin folder first in PATH." >&2
  fi
}

ensure_toolchain() {
  local missing
  missing=$(missing_tools)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "==> installing $missing(some minutes)"
    # shellcheck disable=SC2086,SC2046
    if ! apt-get update -q ||
      ! DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $(packaged "$missing") ca-certificates; then
      echo "The installation failed. Check network and package sources, then run again; or install yourself: $missing" >&2
      exit 1
    fi
    missing=$(missing_tools)
    [ -n "$missing" ] || return 0
    echo "still missing after the installation: $missing" >&2
    say_what_is_old
    exit 1
  fi
  echo "Argosy needs a JDK (17 or newer) and Maven (3.8 or newer). Missing: $missing" >&2
  say_what_is_old
  echo "On Debian or Ubuntu run:" >&2
  echo "    sudo apt-get install -y $(packaged "$missing")" >&2
  exit 1
}
