# ./dev test: every part prints what failed, the last line is the sum. Sourced by ./dev.

PASSED=0
FAILED=0
UNIT_ROOMS=(base policy conf storage sso proxy console cli)
RACE_ROOMS=(base storage) # --all: every room. Where threads are made and what they share; more would double what is compiled

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=second_deadlock_stack=1

run_tests() {
  local all= parts=() part started=$SECONDS
  if [[ ${1:-} == --all ]]; then
    all=1
    shift
  fi
  case ${1:-} in
    '') parts=(house unit fuzz race scenario) ;;
    scenario) parts=(scenario) ;;
    house | unit | fuzz | race) parts=("$@") ;;
    *) die "no such part: $1 (house, unit, fuzz, race or scenario)" ;;
  esac
  if [[ " ${parts[*]} " == *" scenario "* ]]; then
    need "${BROWSER_PACKAGES[@]}" "${SSO_PACKAGES[@]}"
    need_npm_modules
    [[ -z $all ]] || need "${LONG_TEST_PACKAGES[@]}"
  fi

  ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19 || true)
  export ASAN_SYMBOLIZER_PATH
  for part in "${parts[@]}"; do
    say "$part"
    case $part in
      house) test_house ;;
      unit) test_units asan "${UNIT_ROOMS[@]}" ;;
      race)
        if [[ -n $all ]]; then RACE_ROOMS=("${UNIT_ROOMS[@]}"); fi
        test_units tsan "${RACE_ROOMS[@]}"
        ;;
      fuzz) test_corpora "$all" ;;
      scenario) test_scenarios "$all" "${@:2}" ;;
      *) die "no such part: $part" ;;
    esac
  done
  say "took $((SECONDS - started)) s"
  echo "$PASSED passed, $FAILED failed"
  ((FAILED == 0))
}

# one NAME COMMAND...: a test that is one command; its output is shown when it fails.
one() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    PASSED=$((PASSED + 1))
    echo "  $name: ok"
  else
    FAILED=$((FAILED + 1))
    printf '%s\n' "$output"
    echo "  $name: FAIL"
  fi
}

# The rules of the house that need no compiler, and what the linker made of our flags.
test_house() {
  one "lint rules" python3 scripts/lint.py --rules
  one "lint's own tests" python3 tests/lint/lint_test.py
  one "release build" build_release
  one "hardening" scripts/check_hardening.sh build/release/sallyport
  one "./dev run" python3 tests/demo/run_test.py
}

# test_units asan|tsan ROOM...: builds those rooms' tests with the sanitizer and runs them.
test_units() {
  local folder=$1 room targets=() rooms=()
  shift
  if ! "configure_$folder"; then
    FAILED=$((FAILED + 1))
    return
  fi
  for room in "$@"; do
    [[ -n $(find "tests/$room" -name '*_test.cc' -print -quit 2>/dev/null) ]] || continue
    rooms+=("$room")
    targets+=("${room}_test")
  done
  if ! build "$folder" "${targets[@]}"; then
    FAILED=$((FAILED + 1))
    return
  fi
  for room in "${rooms[@]}"; do
    run_googletest "$folder" "$room" "build/$folder/${room}_test"
  done
}

# Counts single tests. A program that dies, or finds a leak after its last test, is one failure more.
run_googletest() {
  local label="$2 ($1)" program=$3 log=$3.log status=0 passed failed
  timeout 900 "$program" --gtest_color=no >"$log" 2>&1 || status=$?
  passed=$(grep -c '^\[       OK \]' "$log" || true)
  failed=$(grep -cE '^\[  FAILED  \] .*\([0-9]+ ms\)$' "$log" || true)
  if ((status != 0 && failed == 0)); then failed=1; fi
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
  echo "  $label: $passed ok, $failed failed"
  ((status == 0)) && return 0
  if ((status == 124)); then echo "  $label: stopped after 900 s"; fi
  grep -vE '^\[ RUN  |^\[       OK \]|^\[-----' "$log" | cut -c1-400 | head -n 120 || true
  echo "  all of it: $log (exit code $status)"
}

# The fuzz targets over their corpora, without the fuzzer; --all: ten minutes of real fuzzing each, thirty for those who sign people in.
test_corpora() {
  local all=$1 corpus name
  if [[ -n $all ]]; then
    source scripts/fuzz.sh
    one "fuzz" run_fuzzers 600
    return
  fi
  compgen -G 'tests/fuzz/*_fuzz.cc' >/dev/null || return 0
  if ! configure_asan || ! build asan fuzz_replay; then
    FAILED=$((FAILED + 1))
    return
  fi
  for name in tests/fuzz/*_fuzz.cc; do
    name=$(basename "$name" _fuzz.cc)
    corpus=tests/fuzz/corpus/$name
    [[ -d $corpus ]] || continue
    one "corpus $name" timeout 300 "build/asan/${name}_replay" "$corpus"
  done
}

# The whole gateway with real components around it; --all: the long loops, and once more with the sanitizers in it.
test_scenarios() {
  local all=$1
  shift
  if ! (build_release); then
    FAILED=$((FAILED + 1))
    return
  fi
  run_scenarios "" --times ${all:+--all} "$@"
  [[ -n $all ]] || return 0
  if ! configure_asan || ! build asan sallyport; then
    FAILED=$((FAILED + 1))
    return
  fi
  SALLYPORT=$PWD/build/asan/sallyport SCENARIO_PATIENCE=4 run_scenarios "sanitised " "$@"
}

# run_scenarios WHAT ARGUMENTS...: tests/scenario/run prints `N passed, N failed` last; nothing of it is trusted blindly.
run_scenarios() {
  local what=$1 log=build/release/scenario.log status=0 sum
  shift
  echo "  ${what}scenarios"
  tests/scenario/run "$@" 2>&1 | tee "$log" | sed -u '/^[0-9]* passed, [0-9]* failed$/d' || status=$?
  sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || true)
  if [[ $sum =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    PASSED=$((PASSED + BASH_REMATCH[1]))
    FAILED=$((FAILED + BASH_REMATCH[2]))
    if ((status != 0 && BASH_REMATCH[2] == 0)); then FAILED=$((FAILED + 1)); fi
  else
    echo "  ${what}scenarios: ended without a result (exit code $status)"
    FAILED=$((FAILED + 1))
  fi
}
