#!/usr/bin/env bash
# Compares tspm with a raw pipe, tail -F, PM2, supervisor and runit, in turn on one machine, and writes docs/benchmarks.md
# with its charts. Usage: bench/compare.sh [--runs 3] [--only SECTION,SECTION] [--out FOLDER]
# Sections: flood,lines,latency,list,stopped,allocation (bench/Tspm.Compare) and latency10k,cold,scale,idle,restarts,
# rotation,kill,awkward,bad,fair,slope (bench/works.py). With --only, the other sections of the document stay as they are.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=3 only= out=artifacts/benchmarks
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=$2 ;;
    --only) only=$2 ;;
    --out) out=$2 ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
  esac
  shift 2
done
mkdir -p "$out"
if [ -z "${TSPM_BENCH_BUILT:-}" ]; then
  dotnet publish src/Tspm.Cli -c Release -r linux-x64 -v q >/dev/null
  dotnet publish bench/Tspm.Compare -c Release -r linux-x64 -v q >/dev/null
fi
tspm=artifacts/publish/Tspm.Cli/release_linux-x64/tspm
compare=artifacts/publish/Tspm.Compare/release_linux-x64/compare
gcc -O2 -o "$out/paced" bench/paced.c
# The peers go into a folder that is not part of the repository. What cannot be had is left out and said so.
peers=artifacts/peers
mkdir -p "$peers"
pm2=$peers/node_modules/.bin/pm2
if [ ! -x "$pm2" ] && command -v npm >/dev/null; then
  npm install --prefix "$peers" --no-save --no-fund --no-audit pm2@7.0.4 >/dev/null || true
fi
[ -x "$pm2" ] || { echo "PM2 cannot be had here: its rows are left out" >&2; pm2=; }
supervisor=$peers/supervisor/usr/lib/python3/dist-packages
if [ ! -d "$supervisor" ] && command -v apt-get >/dev/null; then
  (cd "$peers" && apt-get download -q supervisor >/dev/null && dpkg -x supervisor_*.deb supervisor && rm supervisor_*.deb) || true
fi
[ -d "$supervisor" ] || { echo "supervisor cannot be had here: its rows are left out" >&2; supervisor=; }
command -v runsvdir >/dev/null || echo "runit is not installed (apt-get install runit): its rows are left out" >&2
chosen() { # the names of a list that --only has, or all
  local found=()
  for name in $1; do
    [ -z "$only" ] || [[ ",$only," == *",$name,"* ]] && found+=("$name")
  done
  (IFS=,; echo "${found[*]-}")
}
lines=$(chosen "flood lines latency list stopped allocation")
works=$(chosen "latency10k cold scale idle restarts rotation kill awkward bad fair slope")
if [ -n "$lines" ]; then
  "$compare" run --tspm "$tspm" ${pm2:+--pm2 "$pm2"} --runs "$runs" --only "$lines" --out "$out"
fi
if [ -n "$works" ]; then
  python3 bench/works.py --tspm "$tspm" --compare "$compare" --paced "$out/paced" ${pm2:+--pm2 "$pm2"} \
    ${supervisor:+--supervisor "$supervisor"} --runs "$runs" --only "$works" --out "$out"
fi
python3 bench/report.py "$out"
