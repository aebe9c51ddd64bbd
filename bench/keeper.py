#!/usr/bin/env python3
"""What 100 programs cost the keeper, beside 100 svlogd (Debian package runit) on the same work in the same run.

bench/keeper.py --binary PATH [--programs 100] [--rate 200] [--seconds 20] [--rounds 3]

Prints CPU in percent of a core (medians of alternating rounds), anonymous memory, and the garbage-collected bytes that the
keeper allocated meanwhile. Needs cc and svlogd.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def anonymous(pids):
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1])
    return total


def measure(pids, seconds):
    time.sleep(2)
    before = cpu(pids)
    begin = time.monotonic()
    time.sleep(seconds)
    return (cpu(pids) - before) / (time.monotonic() - begin) * 100


class Keeper:
    name = "tspm keeper"

    def __init__(self, options, writer, place):
        self.binary = options.binary
        self.home = place / "home"
        self.environment = dict(os.environ, TSPM_HOME=str(self.home))
        self.run("daemon", "start")
        for i in range(options.programs):
            self.run("start", "--name", f"w{i}", "--", str(writer), str(options.rate))
        self.status = json.loads(self.run("daemon", "status", "--json"))
        self.pids = [self.status["keeperPid"]]

    def run(self, *words):
        return subprocess.run([self.binary, *words], env=self.environment, check=True, capture_output=True, text=True).stdout

    def allocated(self):
        """Bytes, or None if the daemon does not tell."""
        return json.loads(self.run("daemon", "status", "--json")).get("keeperAllocatedBytes")

    def end(self):
        # A second word for a machine that is too busy for the first.
        for _ in range(2):
            if subprocess.run([self.binary, "shutdown", "--timeout", "1s"], env=self.environment, capture_output=True).returncode == 0:
                return


class Svlogd:
    name = "svlogd"

    def __init__(self, options, writer, place):
        self.writers = []
        self.loggers = []
        for i in range(options.programs):
            directory = place / f"log{i}"
            directory.mkdir()
            writing = subprocess.Popen([str(writer), str(options.rate)], stdout=subprocess.PIPE)
            self.loggers.append(
                subprocess.Popen(["svlogd", str(directory)], stdin=writing.stdout, stderr=subprocess.DEVNULL)
            )
            writing.stdout.close()
            self.writers.append(writing)
        self.pids = [logger.pid for logger in self.loggers]

    def allocated(self):
        return None

    def end(self):
        for process in self.writers + self.loggers:
            process.kill()
            process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.binary = os.path.abspath(options.binary)
    root = pathlib.Path(tempfile.mkdtemp(prefix="tspm-keeper-"))
    writer = root / "writer"
    subprocess.run(["cc", "-O2", "-o", writer, pathlib.Path(__file__).with_name("writer.c")], check=True)
    found = {kind.name: {"cpu": [], "kib": [], "allocated": []} for kind in (Keeper, Svlogd)}
    for number in range(options.rounds):
        for kind in (Keeper, Svlogd):
            place = root / f"{kind.__name__}{number}"
            place.mkdir(mode=0o700)
            one = kind(options, writer, place)
            try:
                time.sleep(2)
                before = one.allocated()
                found[one.name]["cpu"].append(measure(one.pids, options.seconds))
                found[one.name]["kib"].append(anonymous(one.pids))
                after = one.allocated()
                if before is not None:
                    found[one.name]["allocated"].append(after - before)
            finally:
                one.end()
    shutil.rmtree(root)
    print(f"{options.programs} programs x {options.rate} lines/s, {options.rounds} rounds of {options.seconds:.0f} s, medians")
    print("| what | CPU, % of a core | anonymous, KiB | allocated in a round, bytes |")
    print("| --- | --- | --- | --- |")
    for name, values in found.items():
        allocated = values["allocated"]
        print(
            f"| {name} | {statistics.median(values['cpu']):.1f} | {statistics.median(values['kib']):.0f} | "
            f"{statistics.median(allocated) if allocated else '-'} |"
        )


if __name__ == "__main__":
    main()
