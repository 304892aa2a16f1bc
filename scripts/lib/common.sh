# Shared by the scripts of this folder; sourced, not run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OUT=$ROOT/out
RUN=$ROOT/.run
STARTED=$SECONDS

# step TEXT: one line of progress with the seconds since the start.
step() { printf '\033[1m[%4ds]\033[0m %s\n' "$((SECONDS - STARTED))" "$*"; }
# fail CAUSE [NEXT STEP]: says what stopped us and what to do.
fail() {
  printf '\nerror: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'next step: %s\n' "$2" >&2
  exit 1
}

# need_packages PACKAGE...: installs the Debian packages that are missing.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || fail "these Debian packages are missing: ${missing[*]}" "run as root, or: apt-get install ${missing[*]}"
  step "installing ${missing[*]}"
  local log=$ROOT/.cache/apt.log
  mkdir -p "$ROOT/.cache"
  if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install ${missing[*]}" "read $log"
  fi
}

# need_npm FOLDER: installs what the folder's package-lock.json names, unless that is there already.
need_npm() {
  command -v npm >/dev/null || need_packages nodejs npm
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed.json" && return 0
  step "installing npm packages of ${1#"$ROOT"/}"
  local log=$ROOT/.cache/npm.log
  mkdir -p "$ROOT/.cache"
  if ! npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "npm could not install the packages of ${1#"$ROOT"/}" "read $log"
  fi
  cp "$1/package-lock.json" "$1/node_modules/.installed.json"
}

need_dotnet() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is not installed" "install dotnet-sdk-10.0 and put dotnet on the PATH"
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
}

# What a node needs to run guests, and what the build needs to link native programs.
RUNTIME_PACKAGES=(qemu-system-x86 qemu-utils seabios ovmf bubblewrap util-linux e2fsprogs)
BUILD_PACKAGES=(clang lld zlib1g-dev)
CLIENT_PACKAGES=(python3-openstackclient python3-openstacksdk openssh-client curl)
# What the tests use to look at what the product did.
TEST_PACKAGES=(acpica-tools iproute2 nftables iputils-ping conntrack xfsprogs udhcpc isc-dhcp-client ndisc6 curl busybox-static netcat-openbsd sqlite3 genisoimage dnsmasq-base
  xmlsec1 libxml2-utils opensaml-schemas xmltooling-schemas slapd ldap-utils)
