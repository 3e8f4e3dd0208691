# ./dev bench: the micro benchmarks, then the comparison beside nginx and HAProxy. Sourced by ./dev.

# run_benches [micro | compare [ARGS]]
run_benches() {
  local part=${1:-all} program
  (($# == 0)) || shift
  build_release
  case $part in all | micro) bench_micro ;; esac
  case $part in
    all | compare) bench/compare/run "$@" ;;
    micro) ;;
    *) die "no such part: $part (micro or compare)" ;;
  esac
}

bench_micro() {
  local source program
  compgen -G 'bench/*_bench.cc' >/dev/null || return 0
  build release benches || exit 1
  for source in bench/*_bench.cc; do
    program=build/release/$(basename "$source" .cc)
    say "$(basename "$program")"
    "$program" --benchmark_min_time=0.2
  done
}
