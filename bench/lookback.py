#!/usr/bin/env python3
"""Looking back, beside grep and cat on the same bytes: one alternating run, medians, warm cache.

bench/lookback.py --binary PATH [--mib 1024] [--lines 5000000] [--processes 1000] [--runs 5] [--only PART,…]

Parts: grep, all, lines, seek, recovery, open.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
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

    def store_with(self, name, disk, *command):
        """The same, of a process with bounds of its own."""
        self.store(name, "true")
        self.run("shutdown", "-y")

        def change(saved):
            spec = next(one["spec"] for one in saved["processes"] if one["spec"]["name"] == name)
            spec["disk"] = {**spec.get("disk", {}), **disk}
            spec["command"] = list(command)

        change_list(self.machine(), change)
        self.run("start", name)
        self.run("wait", name, "--for", "exited", "--timeout", "600s")

    def machine(self):
        root = pathlib.Path(self.env["TSPM_HOME"])
        return next(path for path in root.iterdir() if (path / "p").is_dir())

    def daemon_memory(self):
        """Anonymous memory of the daemon, KiB."""
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
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="grep,all,lines,seek,recovery,open")
    parser.add_argument("--folder")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tspmlb", dir=options.folder))
    home = Home(os.path.abspath(options.binary), folder / "home")
    parts = options.only.split(",")
    print(f"load before: {os.getloadavg()[0]:.1f}\n")
    print("| what | tspm, ms | beside, ms | ratio | aim |\n| --- | --- | --- | --- | --- |")
    try:
        if {"grep", "all", "seek"} & set(parts):
            measure(home, folder, options, parts)
        if "lines" in parts:
            measure_lines(home, folder, options)
        if "recovery" in parts:
            measure_recovery(folder, options)
        if "open" in parts:
            measure_open(folder, options)
    finally:
        subprocess.run(home.tspm("shutdown", "-y"), env=home.env, capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nload after: {os.getloadavg()[0]:.1f}")


def measure(home, folder, options, parts):
    source = folder / "source.log"
    make_log(source, options.mib)
    home.store_with("big", {"maxBytes": 4 << 30}, shutil.which("cat"), str(source))
    files = sorted(str(path) for path in (folder / "home").glob("*/p/1/out.*"))
    env = {**home.env, "LC_ALL": "C.UTF-8"}
    before = home.daemon_memory()

    def ask(*words, output=subprocess.DEVNULL):
        return lambda: timed(home.tspm("logs", "big", *words), home.env, output)

    def grep(*words):
        # To a pipe: with /dev/null it stops at the first hit.
        return lambda: timed(["grep", *words, *files], env, subprocess.PIPE)

    quiet = ("--no-events", "-o", "cat")
    if "grep" in parts:
        found = alternate(options.runs, ours=ask("--grep", NEEDLE, *quiet), theirs=grep("-ci", NEEDLE), plain=grep("-c", NEEDLE))
        row(f"{options.mib} MiB in {len(files)} files: `--grep LITERAL` against `grep -c`", found["ours"], found["plain"], "<= 2")
        row("`--grep LITERAL`, smart case, against `grep -ci`", found["ours"], found["theirs"], "")
        regex = "user=[0-9]+ payment (declined|refused)"
        found = alternate(options.runs, ours=ask("--grep", regex, *quiet), theirs=grep("-Ec", regex))
        row("`--grep REGEX` against `grep -Ec`", found["ours"], found["theirs"], "<= 3")
        loose = "took [0-9]{4,} ms"
        found = alternate(options.runs, ours=ask("--grep", loose, *quiet), theirs=grep("-Ec", loose))
        row("`--grep REGEX` whose literals are in every line", found["ours"], found["theirs"], "<= 3")

    if "all" in parts:
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
        row(f"{options.mib} MiB: `-n all` to a file against `cat`", found["ours"], found["theirs"], "<= 2")
    if "seek" in parts:
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
        one = folder / "one.log"
        make_log(one, 60)
        home.store("one", "cat", str(one))
        found = alternate(
            options.runs * 3,
            ours=ask("--since", "1d", "-n", "20", *quiet),
            theirs=lambda: timed(home.tspm("logs", "one", "--since", "1d", "-n", "20", *quiet), home.env),
        )
        row(f"`--since` in {len(files)} files against 1 file", found["ours"], found["theirs"], "<= 1.2")
    after = home.daemon_memory()
    print(f"| anonymous memory of the daemon, KiB, after all reads and before | {after} | {before} | +{after - before} | <= +32768 |", flush=True)


def measure_lines(home, folder, options):
    """Many short lines, all of them."""
    source = folder / "lines.log"
    with open(source, "w") as out:
        for first in range(1, options.lines, 100_000):
            out.write("".join(f"line {number}\n" for number in range(first, min(first + 100_000, options.lines + 1))))
    home.store("lines", "cat", str(source))
    with open(folder / "copy", "wb") as copy:
        def rewind(command):
            copy.seek(0)
            copy.truncate()
            return timed(command, home.env, copy)
        def bare():
            copy.seek(0)
            copy.truncate()
            return through_socket(source, copy)
        found = alternate(
            options.runs,
            ours=lambda: rewind(home.tspm("logs", "lines", "-n", "all", "--no-events", "-o", "cat")),
            theirs=lambda: rewind(["cat", str(source)]),
            start=lambda: rewind(home.tspm("logs", "lines", "-n", "1", "--no-events", "-o", "cat")),
            bare=bare,
        )
    row(f"{options.lines} lines, `-n all` to a file against `cat`", found["ours"], found["theirs"], "<= 2")
    row("the same without the start of the command (`-n 1`)", found["ours"] - found["start"], found["theirs"], "")
    row("the same bytes from one bare process to another by a socket, against `cat`", found["bare"], found["theirs"], "")


def through_socket(source, copy):
    """What no program that reads by a socket can do better: a process that reads and sends, and one that receives and writes."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    room = memoryview(bytearray(1 << 20))
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        theirs.close()
        file = os.open(source, os.O_RDONLY)
        while count := os.readv(file, [room]):
            ours.sendall(room[:count])
        os._exit(0)
    ours.close()
    while count := theirs.recv_into(room):
        os.write(copy.fileno(), room[:count])
    theirs.close()
    os.waitpid(child, 0)
    return time.monotonic() - begin


def crc32c(data):
    table = crc32c.table
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def crc_entry(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


crc32c.table = [crc_entry(byte) for byte in range(256)]


def begin(home):
    """Starts a daemon and waits until it answers; seconds."""
    spent = timed(home.tspm("list", "-o", "name"), home.env)
    home.run("shutdown", "-y")
    return spent


def measure_recovery(folder, options):
    """A daemon that finds 64 MiB in the journal and no index, beside one that finds its index; the difference against wc -l."""
    template = Home(os.path.abspath(options.binary), folder / "t")
    source = folder / "tail.log"
    make_log(source, 63)
    template.store("tail", "cat", str(source))
    template.run("shutdown", "-y")

    def start(without_index):
        where = folder / "r"
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(folder / "t", where, ignore=shutil.ignore_patterns("*.sock", "wake", "*.lock", "run*.out", "run*.err"))
        os.chmod(where, 0o700)
        if without_index:
            for path in where.glob("*/p/1/index.*"):
                path.unlink()
        return begin(Home(template.binary, where))

    found = alternate(
        options.runs,
        bare=lambda: start(True),
        whole=lambda: start(False),
        wc=lambda: timed(["wc", "-l", str(source)], template.env),
    )
    spent = found["bare"] - found["whole"]
    row("recovery of 63 MiB without index against `wc -l`", spent, found["wc"], "<= 3.3")


def measure_open(folder, options):
    """A daemon with many processes, each with 8 data files of 256 KiB: clones of one."""
    where = folder / "many"
    home = Home(os.path.abspath(options.binary), where)
    source = folder / "two.log"
    make_log(source, 1)
    home.store_with("one", {"fileBytes": 256 * 1024}, shutil.which("cat"), str(source))
    home.run("shutdown", "-y")
    machine = home.machine()
    for number in range(2, options.processes + 1):
        clone(machine / "p" / "1", machine / "p" / str(number), number)

    def multiply(saved):
        first = saved["processes"][0]
        for number in range(2, options.processes + 1):
            spec = {**first["spec"], "name": f"one{number}"}
            saved["processes"].append({**first, "id": number, "spec": spec, "uid": f"00000000-0000-7000-8000-{number:012}"})
        saved["nextId"] = options.processes + 1

    change_list(machine, multiply)
    files = len(list((machine / "p" / "2").glob("out.*")))
    times = [begin(home) for _ in range(options.runs)]
    print(f"| opening {options.processes} processes with {files} data files each, ms | {statistics.median(times) * 1000:.0f} | | | <= 2000 |", flush=True)


def change_list(machine, change):
    path = machine / "processes.json"
    saved = json.loads(path.read_bytes().split(b"\n", 1)[1])
    change(saved)
    body = json.dumps(saved, separators=(",", ":")).encode()
    path.write_bytes(b"%08x\n" % crc32c(body) + body)
    path.chmod(0o600)


def clone(source, target, number):
    """The directory of another process: the same data, an index with its own number."""
    target.mkdir(mode=0o700)
    for path in source.iterdir():
        if path.name.startswith("index."):
            data = bytearray(path.read_bytes())
            data[44:48] = number.to_bytes(4, "little")
            data[4:8] = crc32c(data[8:64]).to_bytes(4, "little")
            (target / path.name).write_bytes(data)
            (target / path.name).chmod(0o600)
        elif path.name.startswith("out."):
            os.link(path, target / path.name)


if __name__ == "__main__":
    main()
