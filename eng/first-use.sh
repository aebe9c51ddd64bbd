#!/usr/bin/env bash
# Runs the README's first command as it stands there, in a home of its own, waits for three lines of the followed log,
# presses Ctrl+C and stops everything.
set -euo pipefail
cd "$(dirname "$0")/.."
command=$(sed -n '/^## Try it/,/^## /p' README.md | sed -n '/^```sh$/,/^```$/p' | sed -n 2p)
export TSPM_HOME
TSPM_HOME=$(mktemp -d)
log=$TSPM_HOME.log
trap 'dotnet run --project src/Tspm.Cli -c Release --no-build -- shutdown >/dev/null; rm -rf "$TSPM_HOME" "$log"' EXIT
# With job control, since a command in the background of a script has Ctrl+C ignored.
set -m
bash -c "$command" >"$log" 2>&1 &
set +m
running=$!
for _ in $(seq 600); do
  if [ "$(grep -c 'hello, it is' "$log" || true)" -ge 3 ]; then
    kill -INT -- "-$running"
    wait "$running" || true
    cat "$log"
    exit 0
  fi
  kill -0 "$running" 2>/dev/null || break
  sleep 0.5
done
kill -KILL -- "-$running" 2>/dev/null || true
cat "$log"
exit 1
