#!/usr/bin/env bash
# The test command: formatting, a build without warnings, all suites. The command-line tests run against the published
# NativeAOT binary where a C compiler and zlib are there to link it, else against the build. Usage: eng/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
# One compiler process for all projects.
export UseSharedCompilation=true
trap 'dotnet build-server shutdown --vbcscompiler >/dev/null 2>&1 || true' EXIT
passed=0 failed=0

# Runs one suite: run_suite NAME [ARGUMENT...]
run_suite() {
  local name=$1 log=artifacts/$1.log status=0 summary total bad errors
  shift
  echo "== $name $*"
  # A skipped test is a failed test where nothing may be missing.
  "artifacts/bin/$name/release/$name" ${CI:+-failSkips} "$@" >"$log" 2>&1 || status=$?
  sed -i 's/\x1b\[[0-9;]*m//g' "$log"
  tail -n 1 "$log"
  summary=$(grep -E 'Total: [0-9]+' "$log" | tail -n 1 || true)
  total=$(sed -nE 's/.*Total: ([0-9]+).*/\1/p' <<<"$summary"); bad=$(sed -nE 's/.*Failed: ([0-9]+).*/\1/p' <<<"$summary")
  errors=$(sed -nE 's/.*Errors: ([0-9]+).*/\1/p' <<<"$summary")
  if [ -z "$total" ] || [ "$total" = 0 ]; then
    echo "$name ran no test (exit $status)"; cat "$log"; failed=$((failed + 1)); return
  fi
  bad=$((bad + errors))
  passed=$((passed + total - bad)); failed=$((failed + bad))
  if [ "$status" != 0 ]; then
    grep -A 14 '\[FAIL\]' "$log" || cat "$log"
    [ "$bad" != 0 ] || failed=$((failed + 1))
  fi
}

dotnet tool restore >/dev/null
dotnet csharpier check .
dotnet build Tspm.slnx -c Release
publishing=
if { command -v gcc || command -v clang; } >/dev/null && [ -e /usr/include/zlib.h ]; then
  # Beside the suites that need no binary.
  dotnet publish src/Tspm.Cli -c Release -r linux-x64 >artifacts/publish.log 2>&1 &
  publishing=$!
fi
for project in tests/*.Tests; do
  name=$(basename "$project")
  [ "$name" = Tspm.Integration.Tests ] || run_suite "$name"
done
if [ -n "$publishing" ]; then
  status=0
  wait "$publishing" || status=$?
  cat artifacts/publish.log
  if [ "$status" = 0 ]; then
    # What runs as it was built, then everything against the binary that people get.
    run_suite Tspm.Integration.Tests -class Tspm.Integration.Tests.FollowSpecs -class Tspm.Integration.Tests.CursorSpecs
    export TSPM_BINARY="$PWD/artifacts/publish/Tspm.Cli/release_linux-x64/tspm"
  else
    failed=$((failed + 1))
  fi
fi
run_suite Tspm.Integration.Tests
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
