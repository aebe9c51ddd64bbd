#!/usr/bin/env bash
# The test command: formatting, a build without warnings, all suites. Usage: eng/test.sh [--no-build]
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
dotnet tool restore >/dev/null
dotnet csharpier check .
dotnet build Tspm.slnx -c Release
passed=0 failed=0 broken=0
for project in tests/*.Tests; do
  name=$(basename "$project")
  echo "== $name"
  log=artifacts/$name.log
  status=0
  # A skipped test is a failed test where nothing may be missing.
  "artifacts/bin/$name/release/$name" ${CI:+-failSkips} >"$log" 2>&1 || status=$?
  sed -i 's/\x1b\[[0-9;]*m//g' "$log"
  tail -n 1 "$log"
  summary=$(grep -E 'Total: [0-9]+' "$log" | tail -n 1 || true)
  total=$(sed -nE 's/.*Total: ([0-9]+).*/\1/p' <<<"$summary"); bad=$(sed -nE 's/.*Failed: ([0-9]+).*/\1/p' <<<"$summary")
  errors=$(sed -nE 's/.*Errors: ([0-9]+).*/\1/p' <<<"$summary")
  if [ -z "$total" ] || [ "$total" = 0 ]; then
    echo "$name ran no test (exit $status)"; cat "$log"; broken=$((broken + 1)); continue
  fi
  bad=$((bad + errors))
  passed=$((passed + total - bad)); failed=$((failed + bad))
  if [ "$status" != 0 ]; then
    grep -A 14 '\[FAIL\]' "$log" || cat "$log"
    [ "$bad" != 0 ] || failed=$((failed + 1))
  fi
done
failed=$((failed + broken))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
