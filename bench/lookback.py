#!/usr/bin/env python3
"""Looking back, beside grep and cat on the same bytes: one alternating run, medians, warm cache.

bench/lookback.py --binary PATH [--mib 1024] [--lines 5000000] [--runs 5]
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

NEEDLE = "payment declined"


def make_log(path, mib):
    """Lines as services print them, about 100 bytes; one of 20,000 holds the needle."""
    block = []
    for number in range(20_000):
        user = number * 7919 % 100_000
        text = NEEDLE if number == 9_999 else "request served from the cache, nothing to do"
        block.append(f"2026-11-24 10:00:{number % 60:02} INFO worker-{number % 8} user={user} {text} took {number % 977} ms\n")
    data = "".join(block).encode()
    with open(path, "wb") as out:
        written = 0
        while written < mib << 20:
            out.write(data)
            written += len(data)


def timed(command, env, output=subprocess.DEVNULL):
    begin = time.monotonic()
    done = subprocess.run(command, env=env, stdout=output, stderr=subprocess.PIPE, check=False)
    spent = time.monotonic() - begin
    if done.returncode not in (0, 1):
        sys.exit(f"{command}: exit {done.returncode}: {done.stderr.decode()}")
    return spent


class Home:
    def __init__(self, binary, folder):
        self.binary = binary
        self.env = {**os.environ, "TSPM_HOME": str(folder)}

    def tspm(self, *words):
        return [self.binary, *words]

    def run(self, *words):
        done = subprocess.run(self.tspm(*words), env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"tspm {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def store(self, name, *command):
        self.run("start", "--name", name, "--restart", "never", "--", *command)
        self.run("wait", name, "--for", "exited", "--timeout", "600s")

    def daemon_memory(self):
        """Anonymous memory of the daemon, KiB."""
        import json
        pid = json.loads(self.run("daemon", "status", "--json"))["pid"]
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return sum(int(line.split()[1]) for line in status.splitlines() if line.split(":")[0] in ("RssAnon", "RssShmem", "VmSwap"))


def alternate(runs, **targets):
    """Medians of targets that take turns."""
    times = {name: [] for name in targets}
    for turn in range(runs + 1):
        for name, run in targets.items():
            spent = run()
            if turn > 0:
                times[name].append(spent)
    return {name: statistics.median(all) for name, all in times.items()}


def row(what, ours, theirs, bound):
    print(f"| {what} | {ours * 1000:.1f} | {theirs * 1000:.1f} | {ours / theirs:.2f} | {bound} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tspmlb", dir=options.folder))
    home = Home(os.path.abspath(options.binary), folder / "home")
    try:
        measure(home, folder, options)
    finally:
        subprocess.run(home.tspm("shutdown", "-y"), env=home.env, capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def measure(home, folder, options):
    source = folder / "source.log"
    make_log(source, options.mib)
    home.store("big", "cat", str(source))
    files = sorted(str(path) for path in (folder / "home").glob("*/p/1/out.*"))
    print(f"{options.mib} MiB in {len(files)} files, medians of {options.runs} alternating runs\n")
    print("| what | tspm, ms | beside, ms | ratio | aim |\n| --- | --- | --- | --- | --- |")
    env = {**home.env, "LC_ALL": "C.UTF-8"}
    before = home.daemon_memory()

    def ask(*words, output=subprocess.DEVNULL):
        return lambda: timed(home.tspm("logs", "big", *words), home.env, output)

    def grep(*words):
        # To a pipe: with /dev/null it stops at the first hit.
        return lambda: timed(["grep", *words, *files], env, subprocess.PIPE)

    quiet = ("--no-events", "-o", "cat")
    found = alternate(options.runs, ours=ask("--grep", NEEDLE, *quiet), theirs=grep("-ci", NEEDLE), plain=grep("-c", NEEDLE))
    row("`--grep LITERAL` against `grep -c`", found["ours"], found["plain"], "<= 2")
    row("`--grep LITERAL`, smart case, against `grep -ci`", found["ours"], found["theirs"], "")
    regex = "user=[0-9]+ payment (declined|refused)"
    found = alternate(options.runs, ours=ask("--grep", regex, *quiet), theirs=grep("-Ec", regex))
    row("`--grep REGEX` against `grep -Ec`", found["ours"], found["theirs"], "<= 3")
    loose = "took [0-9]{4,} ms"
    found = alternate(options.runs, ours=ask("--grep", loose, *quiet), theirs=grep("-Ec", loose))
    row("`--grep REGEX` whose literals are in every line", found["ours"], found["theirs"], "")

    with open(folder / "copy", "wb") as copy:
        def rewind(run):
            copy.seek(0)
            copy.truncate()
            return run()
        found = alternate(
            options.runs,
            ours=lambda: rewind(ask("-n", "all", *quiet, output=copy)),
            theirs=lambda: rewind(lambda: timed(["cat", *files], home.env, copy)),
        )
    row(f"`-n all` to a file against `cat`", found["ours"], found["theirs"], "<= 2")
    after = home.daemon_memory()

    small = folder / "small.log"
    make_log(small, 1)
    home.store("small", "cat", str(small))
    found = alternate(
        options.runs * 3,
        ours=ask("-n", "20", *quiet),
        theirs=lambda: timed(home.tspm("logs", "small", "-n", "20", *quiet), home.env),
    )
    row(f"`-n 20` of {options.mib} MiB against 1 MiB", found["ours"], found["theirs"], "<= 1.5")
    found = alternate(
        options.runs * 3,
        ours=ask("--since", "1d", "-n", "20", *quiet),
        theirs=lambda: timed(home.tspm("logs", "small", "--since", "1d", "-n", "20", *quiet), home.env),
    )
    row(f"`--since` of {options.mib} MiB against 1 MiB", found["ours"], found["theirs"], "<= 1.2")
    print(f"\nAnonymous memory of the daemon: {before} KiB before all reads, {after} KiB after (+{after - before}, aim <= 32768).")


if __name__ == "__main__":
    main()
