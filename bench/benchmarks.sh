#!/usr/bin/env bash
# The hot types one by one (BenchmarkDotNet, bench/Tspm.Benchmarks): prints a table with what each allocates.
# Usage: bench/benchmarks.sh [--filter '*Scan*']
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build bench/Tspm.Benchmarks -c Release -v q >/dev/null
[ $# -gt 0 ] || set -- --filter '*'
exec artifacts/bin/Tspm.Benchmarks/release/Tspm.Benchmarks --artifacts artifacts/benchmarks/net "$@"
