#!/bin/sh
# check_hardening.sh PROGRAM: says which of the hardening the compiler and linker were asked for is not in the program.
# The flags are in CMakeLists.txt.
set -eu
program=$1
missing=0
[ -r "$program" ] || { echo "$program: not there" >&2; exit 1; }
tell() {
  echo "$program: $1"
  missing=1
}
has() { readelf -W "$1" "$program" 2>/dev/null | grep -qE "$2"; }

has -h 'Type: +DYN' || tell "not position independent"
has -l 'GNU_RELRO' || tell "no RELRO"
has -d 'BIND_NOW|FLAGS.* NOW' || tell "not bound at start (RELRO is partial)"
has -l 'GNU_STACK.* RW ' || tell "the stack may be executable"
has -l 'LOAD.* RWE ' && tell "a segment is writable and executable"
has --dyn-syms '__stack_chk_fail' || tell "no stack protector"
has --dyn-syms '__(memcpy|snprintf|vsnprintf|read|recv|memmove|memset)_chk' || tell "no FORTIFY"
objdump -d --no-show-raw-insn --disassemble=main "$program" 2>/dev/null | grep -q endbr64 || tell "no CET landing pads"
readelf -W --dyn-syms "$program" | grep -q '__glibcxx_assert_fail\|_ZSt21__glibcxx_assert_fail' ||
  tell "no standard library assertions"
exit $missing
