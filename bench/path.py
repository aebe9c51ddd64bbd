#!/usr/bin/env python3
"""Where a line's time goes: system calls (strace -c) and samples (perf) of keeper, daemon and follower, each for itself.

usage: path.py --tspm FILE --paced FILE    for a flood (64 KiB writes) and for one line per write; what docs/performance.md tells
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from peers import Tspm, wait_for


def samples(file, total):
    """The share of each place, most first."""
    text = subprocess.run(
        ["perf", "report", "-i", file, "--sort", "dso,sym", "--stdio", "--percent-limit", "2"], capture_output=True, text=True, check=False
    ).stdout
    rows = re.findall(r"^ +([0-9.]+)% +(\S+) +\[(.)\] (.*?) *$", text, re.M)
    return [(float(share), "kernel" if kind == "k" else name, place[-90:]) for share, name, kind, place in rows][:total]


def run(tspm, paced, top, title, rate, lines, tool):
    gate, done, out = (str(pathlib.Path(top) / f"{title}.{tool}.{end}") for end in ("gate", "done", "out"))
    tspm.start("path", 1, [paced, str(rate), str(lines), gate, done])
    follower = subprocess.Popen(["/bin/bash", "-c", f"exec {tspm.follow('path.0').partition(' ')[2].replace('2>/dev/null', '')} >{out} 2>/dev/null"], env=tspm.env)
    wait_for(lambda: os.path.exists(out) and b"warm" in pathlib.Path(out).read_bytes()[:4096], 20, "the follower saw nothing")
    daemon, keeper = tspm.pids()
    tools = []
    for name, pid in (("keeper", keeper), ("daemon", daemon), ("follower", follower.pid)):
        file = f"{top}/{title}.{tool}.{name}"
        words = ["strace", "-f", "-c", "-o", file, "-p", str(pid)] if tool == "strace" else ["perf", "record", "-q", "-e", "cpu-clock", "-F", "20000", "-o", file, "-p", str(pid)]
        tools.append((name, file, subprocess.Popen(words, stderr=subprocess.DEVNULL)))
    time.sleep(1)
    pathlib.Path(gate).touch()
    size, warm = 100 * lines, os.path.getsize(out)
    wait_for(lambda: os.path.exists(done) and os.path.getsize(out) >= size + warm - 4096, 120, "the follower is not done")
    time.sleep(0.2)
    for name, file, process in tools:
        process.send_signal(2)
        process.wait()
        print(f"\n{title}, {name}:")
        if tool == "strace":
            print("".join(line + "\n" for line in pathlib.Path(file).read_text().split("\n")[:11]), end="")
        else:
            for share, where, place in samples(file, 12):
                print(f"{share:6.2f} %  {where}: {place}")
    sys.stdout.flush()
    follower.kill()
    follower.wait()
    tspm.clear()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tspm", required=True, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--paced", required=True, type=lambda path: str(pathlib.Path(path).resolve()))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        tspm = Tspm(chosen.tspm, top)
        tspm.launch()
        try:
            for tool in ("strace", "perf"):
                run(tspm, chosen.paced, top, "flood", 0, 2_000_000, tool)
                run(tspm, chosen.paced, top, "line", 200, 1000, tool)
                run(tspm, chosen.paced, top, "busy", 20_000, 60_000, tool)
        finally:
            tspm.close()


if __name__ == "__main__":
    main()
