#!/usr/bin/env python3
"""The regression guard: figures that a busy machine does not change, against bench/guard.json.

bench/guard.py [--binary PATH]            measures and compares; exit 1 if a figure is above its bound
bench/guard.py --update "WHY"             writes what was measured as the new figures, with the reason
bench/guard.py --pairs 10 --against TAG   alternating runs of this tree's binary and the one of a tag

Instructions are counted by callgrind (valgrind), system calls and the bytes that they move by strace, allocated bytes
by the daemon and the keeper themselves. Where a tool is missing its rows are left out and said so.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIGURES = ROOT / "bench" / "guard.json"
PUBLISHED = ROOT / "artifacts/publish/Tspm.Cli/release_linux-x64/tspm"
STORED_LINES = 200_000
LIVE_LINES = 1_000_000
WRITES = 20_000
LINE = "line %09d of the guard, with words and numbers 12345 in it"

# How much more than the committed figure is still the same: callgrind repeats within half a percent, the number of
# system calls follows how the machine shares its time.
TOLERANCE = {"instructions": 0.03, "system calls": 1.0, "moved": 0.25, "allocated": 0.5}
# Below this a figure is noise, whatever its ratio.
FLOOR = {"instructions": 0, "system calls": 20, "moved": 0.2, "allocated": 65_536}

# Writes LINES lines in blocks, or each with a write of its own, or the same thousand again and again, which takes no time of its own.
CHILD = """
import os, sys
count, how = int(sys.argv[1]), sys.argv[2]
lines = [(sys.argv[3] % n + "\\n").encode() for n in range(1000 if how == "same" else count)]
if how == "same":
    block = b"".join(lines)
    for at in range(0, count, 1000):
        os.write(1, block)
    sys.exit()
step = 1 if how == "alone" else 1000
for at in range(0, count, step):
    os.write(1, b"".join(lines[at : at + step]))
"""


class Home:
    """A home of its own; shut down and deleted at the end."""

    def __init__(self, binary, folder):
        self.binary, self.folder = str(binary), folder
        self.env = {**os.environ, "TSPM_HOME": str(folder)}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        subprocess.run([self.binary, "shutdown", "-y"], env=self.env, capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *words):
        done = subprocess.run([self.binary, *words], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"tspm {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.run("daemon", "status", "--json"))

    def define(self, name, count, how):
        child = [sys.executable, "-c", CHILD, str(count), how, LINE]
        self.run("start", "--name", name, "--restart", "never", "--", *child)
        self.run("wait", name, "--for", "exited", "--timeout", "600s")

    def again(self, name):
        self.run("restart", name)
        self.run("wait", name, "--for", "exited", "--timeout", "600s")


def count_instructions(binary, *words):
    """Instructions of one command, all its threads."""
    with tempfile.TemporaryDirectory() as folder:
        # Without its debug file, which valgrind 3.19 cannot read.
        copy = pathlib.Path(folder) / "tspm"
        shutil.copy(binary, copy)
        env = {**os.environ, "DOTNET_GCHeapHardLimit": "0x4000000"}
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", str(copy), *words]
        done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if found is None or done.returncode != 0:
            sys.exit(f"{' '.join(words)} under callgrind: exit {done.returncode}: {done.stderr[-2000:]}")
        return int(found[1])


def measure_instructions(binary, figures):
    """Commands that read a stored log alone, so that one process holds the whole path."""
    with tempfile.TemporaryDirectory() as top:
        folder = pathlib.Path(top) / "home"
        with Home(binary, folder) as home:
            home.define("gen", STORED_LINES, "blocks")
            home.run("shutdown", "-y")

            def count(*words):
                return count_instructions(binary, *words, "--offline", "--home", str(folder))

            figures["start: instructions"] = count_instructions(binary, "--version")
            opening = count("logs", "gen", "-n", "1")
            figures["open a home: instructions"] = opening
            per = STORED_LINES / 1000
            figures["print: instructions per 1,000 lines"] = (count("logs", "gen", "-n", "all") - opening) / per
            figures["print as JSON: instructions per 1,000 lines"] = (
                count("logs", "gen", "-n", "all", "-o", "json") - opening
            ) / per
            figures["grep, few hits: instructions per 1,000 lines"] = (
                count("logs", "gen", "-n", "all", "-g", "000099") - opening
            ) / per
            for index in folder.glob("*/p/*/index.*"):
                index.unlink()
            figures["scan without an index: instructions per 1,000 lines"] = (
                count("logs", "gen", "-n", "1") - opening
            ) / per


def traced(home, action):
    """System calls and moved bytes of keeper and daemon while something is done."""
    status = home.status()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "trace"
        command = ["strace", "-f", "-qq", "-o", str(out), "-p", str(status["keeperPid"]), "-p", str(status["pid"])]
        tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        threads = [pathlib.Path(f"/proc/{pid}/task") for pid in (status["pid"], status["keeperPid"])]

        def is_traced(thread):
            text = (thread / "status").read_text()
            return re.search(r"TracerPid:\t(\d+)", text)[1] == str(tracer.pid)

        while not all(is_traced(thread) for task in threads for thread in task.iterdir()):
            if tracer.poll() is not None:
                sys.exit("strace could not attach")
            time.sleep(0.01)
        action()
        tracer.terminate()
        tracer.wait()
        return read_trace(out.read_text(errors="replace"))


def read_trace(text):
    calls = moved = 0
    pattern = re.compile(r"^\d+ (?:<\.\.\. )?(\w+)(?:\(| resumed>).* = (-?\d+)")
    moves = {"read", "write", "pread64", "pwrite64", "preadv", "pwritev", "splice", "sendto", "sendmsg", "recvfrom", "recvmsg", "writev", "readv", "tee"}
    for line in text.splitlines():
        found = pattern.match(line)
        if found is None:
            continue
        calls += 1
        if found[1] in moves and int(found[2]) > 0:
            moved += int(found[2])
    return calls, moved


def measure_live(binary, figures, is_traced):
    with tempfile.TemporaryDirectory() as top, Home(binary, pathlib.Path(top) / "home") as home:
        home.define("flood", LIVE_LINES, "same")
        home.define("drip", WRITES, "alone")
        home.define("few", 1000, "same")
        follower = subprocess.Popen(
            [home.binary, "logs", "flood", "drip", "few", "-f", "-n", "0"], env=home.env, stdout=subprocess.DEVNULL
        )
        try:
            while not json.loads(home.run("followers", "--json"))["followers"]:
                time.sleep(0.01)
            # What grows with use has grown. A restart and the questions about it allocate too: they are told apart.
            home.again("flood")
            home.again("few")
            pairs = [(allocated(home, "few"), allocated(home, "flood")) for _ in range(5)]
            few = statistics.median(few for few, _ in pairs)
            figures["restart, wait, status: allocated bytes of the daemon"] = few
            figures["flood: allocated bytes of the daemon per 1,000,000 lines"] = max(
                0, statistics.median(flood - few for few, flood in pairs)
            )
            if is_traced:
                size = LIVE_LINES * (len(LINE % 0) + 1)
                calls, moved = traced(home, lambda: home.again("flood"))
                figures["flood: system calls per 1,000 lines"] = calls * 1000 / LIVE_LINES
                figures["flood: moved by system calls, bytes per byte"] = moved / size
                calls, _ = traced(home, lambda: home.again("drip"))
                figures["one line per write: system calls per 1,000 lines"] = calls * 1000 / WRITES
        finally:
            follower.kill()
            follower.wait()


def allocated(home, name):
    """Bytes that the daemon allocates while a program runs once more."""
    before = home.status()
    home.again(name)
    return home.status()["allocatedBytes"] - before["allocatedBytes"]


def kind(name):
    return next(word for word in TOLERANCE if word in name)


def measure(binary):
    figures = {}
    if shutil.which("valgrind"):
        measure_instructions(binary, figures)
    else:
        print("no valgrind: instructions are not counted", file=sys.stderr)
    if not shutil.which("strace"):
        print("no strace: system calls are not counted", file=sys.stderr)
    measure_live(binary, figures, shutil.which("strace") is not None)
    return figures


def compare(figures):
    """Prints each figure beside its bound; whether all hold."""
    known = json.loads(FIGURES.read_text())["figures"]
    holds = True
    print(f"{'figure':62} {'measured':>14} {'committed':>14}  of it")
    for name, value in figures.items():
        if name not in known:
            print(f"{name:62} {value:14,.1f} {'none':>14}  NEW: write it with --update WHY")
            holds = False
            continue
        bound = max(known[name] * (1 + TOLERANCE[kind(name)]), known[name] + FLOOR[kind(name)])
        is_good = value <= bound
        holds &= is_good
        print(f"{name:62} {value:14,.1f} {known[name]:14,.1f}  {value / max(known[name], 1):5.2f}{'' if is_good else '  ABOVE ITS BOUND'}")
    if not holds:
        print('a figure that has to be higher is raised by: bench/guard.py --update "WHY"')
    return holds


def update(figures, why):
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {"figures": {}, "reasons": []}
    known["figures"].update({name: round(value, 1) for name, value in figures.items()})
    known["reasons"].append(f"{time.strftime('%Y-%m-%d')} {why}")
    FIGURES.write_text(json.dumps(known, indent=2, ensure_ascii=False) + "\n")


def publish(tag, top):
    """The binary of another commit, built in a folder of its own."""
    tree = pathlib.Path(top) / "tree"
    subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--detach", str(tree), tag], check=True, capture_output=True)
    try:
        subprocess.run(
            ["dotnet", "publish", "src/Tspm.Cli", "-c", "Release", "-r", "linux-x64", "-v", "q"], cwd=tree, check=True
        )
        binary = pathlib.Path(top) / "tspm"
        shutil.copy(tree / PUBLISHED.relative_to(ROOT), binary)
        return binary
    finally:
        subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True)


def time_flood(binary):
    """Seconds from a restart to the last line at the follower, and CPU seconds of daemon and keeper."""
    with tempfile.TemporaryDirectory() as top, Home(binary, pathlib.Path(top) / "home") as home:
        home.define("flood", LIVE_LINES, "blocks")
        status = home.status()
        before = sum(cpu(status[key]) for key in ("pid", "keeperPid"))
        begin = time.monotonic()
        follower = subprocess.Popen(
            [home.binary, "logs", "flood", "-f", "-n", "0", "--until-exit"], env=home.env, stdout=subprocess.DEVNULL
        )
        while not json.loads(home.run("followers", "--json"))["followers"]:
            time.sleep(0.001)
        home.run("restart", "flood")
        follower.wait(timeout=600)
        return time.monotonic() - begin, sum(cpu(status[key]) for key in ("pid", "keeperPid")) - before


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_pairs(binary, tag, pairs):
    with tempfile.TemporaryDirectory() as top:
        other = publish(tag, top)
        ratios, cpus = [], []
        for turn in range(pairs):
            order = [binary, other] if turn % 2 == 0 else [other, binary]
            spent = {str(one): time_flood(one) for one in order}
            (here, here_cpu), (there, there_cpu) = spent[str(binary)], spent[str(other)]
            ratios.append(here / there)
            cpus.append(here_cpu / max(there_cpu, 0.01))
            print(f"pair {turn + 1}: {here:.3f} s against {there:.3f} s; CPU {here_cpu:.2f} s against {there_cpu:.2f} s", flush=True)
        slower = sum(ratio > 1 for ratio in ratios)
        print(
            f"time {statistics.median(ratios):.3f} x of {tag}, CPU {statistics.median(cpus):.3f} x (medians of {pairs} pairs; slower in {slower})"
        )
        # By chance alone one side is slower in 9 or 10 of 10 pairs once in a hundred runs.
        return not (statistics.median(ratios) > 1.05 and slower >= 0.9 * pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=PUBLISHED)
    parser.add_argument("--update", metavar="WHY")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--against", metavar="TAG")
    chosen = parser.parse_args()
    if not chosen.binary.exists():
        sys.exit(f"{chosen.binary}: not there; publish it first: dotnet publish src/Tspm.Cli -c Release -r linux-x64")
    if chosen.pairs:
        if not chosen.against:
            sys.exit("--pairs needs --against TAG (a tag, branch or commit)")
        sys.exit(0 if run_pairs(chosen.binary, chosen.against, chosen.pairs) else 1)
    figures = measure(chosen.binary)
    if chosen.update:
        update(figures, chosen.update)
    sys.exit(0 if compare(figures) else 1)


if __name__ == "__main__":
    main()
