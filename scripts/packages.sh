# What Debian 12 packages each command of ./dev needs, and the one function that installs what is missing.
# Sourced by ./dev.

BUILD_PACKAGES=(
  clang-19 lld-19 llvm-19 libclang-rt-19-dev ccache cmake ninja-build pkg-config
  libevent-dev libssl-dev libsqlite3-dev libc-ares-dev libargon2-dev libzxcvbn-dev libyaml-cpp-dev zlib1g-dev libnghttp2-dev
  libqrencode-dev libre2-dev libcurl4-openssl-dev
  nlohmann-json3-dev libcli11-dev libspdlog-dev libfmt-dev prometheus-cpp-dev libxml2-dev libxmlsec1-dev libxmlsec1-openssl
  libldap-dev
)
LINT_PACKAGES=(clang-tidy-19 clang-format-19 git python3)
RUN_PACKAGES=(python3 curl)
# nginx, systemd and strace run the examples of conf/, haproxy stands in front, iproute2 gives one test an address, slapd is a
# directory; no service of theirs is started.
TEST_PACKAGES=(libgtest-dev libgmock-dev libvalijson-dev python3 openssl curl sqlite3 binutils nginx haproxy iproute2 systemd
  strace slapd ldap-utils)
# Identity providers for the scenarios, and a SAML service provider that proves them. Their server is nginx: php-cgi, which
# nobody runs, keeps apt from taking Apache's module for PHP instead.
SSO_PACKAGES=(nginx php-cgi php-cli php-xml php-mbstring simplesamlphp python3-lasso)
LONG_TEST_PACKAGES=(testssl.sh slowhttptest) # --all
BROWSER_PACKAGES=(chromium npm nodejs)
# And what `bench/compare` measures beside the gateway; none of them has to run as a service.
BENCH_PACKAGES=(libbenchmark-dev nginx haproxy caddy apache2 libapache2-mod-auth-mellon xmlsec1 wrk nghttp2-client gcc libssl-dev
  nodejs npm python3 openssl)

# A program that is there already, from wherever, counts as its package.
have_package() {
  case $1 in
    nodejs) command -v node >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' ;;
    npm | chromium | git | python3 | curl) command -v "$1" >/dev/null || is_installed "$1" ;;
    *) is_installed "$1" ;;
  esac
}

is_installed() { [[ " $INSTALLED " == *" $1 "* ]]; }

# need PACKAGE...: returns at once when all of them are there, else installs the missing ones, or says what to type.
need() {
  command -v dpkg-query >/dev/null || die "this is not Debian; install by hand what scripts/packages.sh lists: $*"
  local missing=() package
  INSTALLED=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ')
  for package in "$@"; do
    have_package "$package" || [[ " ${missing[*]} " == *" $package "* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "missing packages, and neither root nor sudo; run as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -q && install_quietly "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    die "apt-get could not install: ${missing[*]} (all of its output: $log)"
  fi
  rm -f "$log"
}

# nginx and haproxy are started by their packages; here they are only programs to run. Where nobody has set a policy
# of his own, one that says "start nothing" stands for as long as the installation takes.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d made= status=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    made=1
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends --no-upgrade "$@" || status=$?
  [[ -z $made ]] || "${as_root[@]}" rm -f "$policy"
  return $status
}

# What the scenarios take from npm, pinned by lock files: playwright-core, which drives Debian's Chromium, Node-RED 4 and 5
# with their dashboards (5 with the Node that it needs), an identity provider on samlp and an OpenID provider.
need_npm_modules() {
  local dir
  for dir in tests/scenario/browser tests/testbed/{node_red/4,node_red/5,samlp,oidc_provider}; do
    [[ -f $dir/package-lock.json ]] || continue
    [[ $dir/node_modules/.package-lock.json -nt $dir/package-lock.json ]] && continue
    say "installing the npm packages of $dir"
    (cd "$dir" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error) ||
      die "npm ci failed in $dir"
    touch "$dir/node_modules/.package-lock.json"
  done
}
