#!/bin/bash
# test.sh [NAME...]: runs the project's tests with Windows' node.exe under Wine. With names, runs only the files whose path
# contains one of them. There are two parts: Windows' node.exe runs the tests of the packages, programs and examples, in a copy of
# the project without links (stage.mjs); the tests of interop/windows run on Linux and start Windows programs in pairs. The
# last line prints the sums of both.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
limit=${MEMLANE_WINDOWS_TEST_SECONDS:-1800} # for each part; a part that takes longer is ended and has failed

GUI=1 "$scripts/prepare.sh"

log=$home/test.log passed=0 failed=0
# part COMMAND...: runs the command and adds its last "N passed, N failed" to the sums.
part() {
  local status=0 line
  timeout --foreground --kill-after=10 "$limit" "$@" </dev/null | tee "$log" || status=$?
  line=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -oE '[0-9]+ passed, [0-9]+ failed' | tail -1) || true
  [ "$status" != 124 ] || echo "test.sh: ended after $limit s: $*"
  read -r now_passed _ now_failed _ <<<"${line:-0 passed, 0 failed}"
  [ "$status" = 0 ] || [ "$now_failed" != 0 ] || now_failed=1 # it ended before it could count
  passed=$((passed + now_passed)) failed=$((failed + now_failed))
}

part "$scripts/run.sh" "$node_exe" --enable-source-maps --no-warnings "$scripts/run-tests.mjs" "$stage" "$@"
cd "$root/interop"
part "$root/node_modules/.bin/vitest" run --config vitest.windows.config.ts --passWithNoTests \
  --reporter=default --reporter="$root/scripts/count-reporter.ts" "$@"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
