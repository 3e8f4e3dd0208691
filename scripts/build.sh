# Configuring and building, for ./dev. One folder per kind: build/release, build/asan, build/tsan, build/fuzz.

JOBS=${JOBS:-$(nproc)}
# A compiler cache that two checkouts of the same commit share.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_NOINODECACHE=1

# configure NAME BUILD_TYPE [SANITIZE [CMAKE_ARGUMENT...]]: once; afterwards ninja notices a changed CMakeLists.txt itself.
configure() {
  local dir=build/$1 log=build/$1/configure.log
  [[ -f $dir/build.ninja ]] && return 0
  mkdir -p "$dir"
  if ! cmake -S . -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE="$2" -DSANITIZE="${3:-}" "${@:4}" \
    -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$dir/build.ninja" "$dir/CMakeCache.txt"
    complain "cmake failed (all of its output: $log)"
    return 1
  fi
}

# The unit tests' builds: without optimisation they compile in half the time, and find the same.
configure_asan() { configure asan Debug address -DDEBUG_LEVEL=-O0; }
configure_tsan() { configure tsan Debug thread -DDEBUG_LEVEL=-O0; }

# build NAME TARGET...: one line per step on a terminal; elsewhere silent when it works, the compiler's words when not.
build() {
  local dir=build/$1 log=build/$1/build.log
  shift
  if [[ -t 1 ]]; then
    ninja -C "$dir" -j "$JOBS" "$@" && return 0
    complain "the build in $dir failed"
    return 1
  fi
  ninja -C "$dir" -j "$JOBS" "$@" >"$log" 2>&1 && return 0
  grep -vE '^\[[0-9]+/[0-9]+\]' "$log" | head -n 60 >&2
  complain "the build in $dir failed (all of its output: $log)"
  return 1
}

build_release() {
  configure release Release && build release sallyport || exit 1
}
