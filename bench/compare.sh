#!/usr/bin/env bash
# Compares tspm with a raw pipe, tail -F and PM2 in one alternating run. Usage: bench/compare.sh [--runs 5] [--only flood,lines,latency,list,stopped,allocation,idle] [--out FILE]
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet publish src/Tspm.Cli -c Release -r linux-x64 -v q >/dev/null
dotnet publish bench/Tspm.Compare -c Release -r linux-x64 -v q >/dev/null
peers=artifacts/peers
pm2=$peers/node_modules/.bin/pm2
if [ ! -x "$pm2" ] && command -v npm >/dev/null; then
  mkdir -p "$peers" && npm install --prefix "$peers" --no-save --no-fund --no-audit pm2@7.0.4 >/dev/null || true
fi
[ -x "$pm2" ] || { echo "PM2 cannot be had here: its column is left out" >&2; pm2=; }
exec artifacts/publish/Tspm.Compare/release_linux-x64/compare run \
  --tspm artifacts/publish/Tspm.Cli/release_linux-x64/tspm ${pm2:+--pm2 "$pm2"} "$@"
