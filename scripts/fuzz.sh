# ./dev fuzz: libFuzzer over a copy of each corpus, so that a run never changes the repository. Sourced by ./dev.

# What strangers can sign in with if it is read wrongly: three times as long as the others.
LONG_FUZZ=" saml_response saml_metadata jose "

# run_fuzzers SECONDS: fails if any target finds anything. FUZZ=NAME picks one target. From ten minutes on, LONG_FUZZ has
# three times as much.
run_fuzzers() {
  local seconds=$1 source name names=() found=0 factor
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "fuzz takes a number of seconds, not '$seconds'"
  for source in tests/fuzz/*_fuzz.cc; do
    [[ -e $source ]] || die "there is no fuzz target"
    name=$(basename "$source" _fuzz.cc)
    [[ -n ${FUZZ:-} && $FUZZ != "$name" ]] || names+=("$name")
  done
  ((${#names[@]})) || die "no fuzz target is called ${FUZZ:-}"
  configure fuzz Debug fuzzer && build fuzz "${names[@]/%/_fuzz}" || exit 1
  for name in "${names[@]}"; do
    factor=1
    ((seconds < 600)) || [[ $LONG_FUZZ != *" $name "* ]] || factor=3
    fuzz_one "$name" $((seconds * factor)) || found=1
  done
  return $found
}

# fuzz_one NAME SECONDS: findings are left in build/fuzz/findings/NAME, new inputs of interest in build/fuzz/corpus/NAME.
fuzz_one() {
  local name=$1 seconds=$2 corpus=build/fuzz/corpus/$1 findings=build/fuzz/findings/$1 log=build/fuzz/$1.log
  local dictionary=tests/fuzz/$1.dict finding status=0
  mkdir -p "$corpus" "$findings"
  [[ ! -d tests/fuzz/corpus/$name ]] || cp -n tests/fuzz/corpus/"$name"/* "$corpus"/ 2>/dev/null || true
  "build/fuzz/${name}_fuzz" "$corpus" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$findings/" $([[ -f $dictionary ]] && echo "-dict=$dictionary") >"$log" 2>&1 || status=$?
  if ((status == 0)); then
    say "$name: nothing found in $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs"
    return 0
  fi
  grep -E 'ERROR|SUMMARY|runtime error' "$log" | head -n 5
  for finding in $(sed -n 's/.*Test unit written to //p' "$log"); do
    complain "$name: found $finding"
  done
  complain "$name: failed (all of its output: $log)"
  return 1
}
