#!/usr/bin/env python3
"""What one program alone does not show: rates, many programs, starts, restarts, rotation, kills, odd bytes, floods of many.

usage: works.py --tspm FILE --compare FILE --paced FILE [--pm2 FILE] [--supervisor FOLDER] [--only WORK,WORK] [--out FOLDER]
Each work runs tspm and its peers in turn on the same children and writes FOLDER/WORK.md. bench/compare.sh calls it.
"""
import argparse
import itertools
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from peers import Pm2, Runit, Supervisor, Tspm, call, wait_for

median = statistics.median


class Works:
    def __init__(self, chosen):
        self.chosen = chosen
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="works"))
        self.numbers = itertools.count()
        self.spawned = []
        self.tspm = Tspm(chosen.tspm, self.top)
        self.peers = [self.tspm]
        if chosen.pm2:
            self.peers.append(Pm2(chosen.pm2, self.top))
        if chosen.supervisor:
            self.peers.append(Supervisor(chosen.supervisor, self.top))
        if shutil.which("runsvdir"):
            self.peers.append(Runit(self.top))
        if chosen.targets:
            self.peers = [peer for peer in self.peers if peer.name in chosen.targets.split(",")]

    def mark(self):
        return str(self.top / f"m{next(self.numbers)}")

    def reader(self, lines, mark):
        return f"{self.chosen.compare} read --lines {lines} --seen {mark}.seen --report {mark}.reader"

    def spawn(self, line):
        process = subprocess.Popen(["/bin/bash", "-c", line], start_new_session=True)
        self.spawned.append(process)
        return process

    @staticmethod
    def end(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # It has ended by itself.
        process.wait()

    @staticmethod
    def report(file):
        return {key: int(value) for key, value in (line.split("=") for line in pathlib.Path(file).read_text().split())}

    def exists(self, file, seconds=120):
        wait_for(lambda: os.path.exists(file), seconds, f"{file} did not come")

    # One program at a rate, one follower.

    def follow_paced(self, begin, rate, lines, cpu=lambda: 0.0):
        """Runs the child and the reader of a target; what the reader saw, and the CPU of the manager meanwhile."""
        mark = self.mark()
        child = [str(self.chosen.paced), str(rate), str(lines), f"{mark}.gate", f"{mark}.child"]
        followers = begin(child, self.reader(lines, mark))
        try:
            self.exists(f"{mark}.seen")
            before = cpu()
            pathlib.Path(f"{mark}.gate").touch()
            self.exists(f"{mark}.reader", 240)
            self.exists(f"{mark}.child", 240)
            return {**self.report(f"{mark}.reader"), "cpu": cpu() - before, "written": self.report(f"{mark}.child")}
        finally:
            for follower in followers:
                self.end(follower)

    def begin_raw(self, child, reader):
        return [self.spawn(f"{' '.join(child)} | {reader}")]

    def begin_tail(self, child, reader):
        file = self.mark()
        pathlib.Path(file).touch()
        return [self.spawn(f"tail -n 0 -F {file} 2>/dev/null | {reader}"), self.spawn(f"exec {' '.join(child)} >>{file}")]

    def begin_managed(self, peer, options=()):
        def begin(child, reader):
            peer.start("bench", 1, child, options=options)
            return [self.spawn(f"{peer.follow('bench.0')} | {reader}")]

        return begin

    def latency10k(self):
        rate, lines = 10_000, 50_000
        rows = {}
        for _ in range(self.chosen.runs):
            rows.setdefault("raw pipe", []).append(self.follow_paced(self.begin_raw, rate, lines))
            rows.setdefault("tail -F", []).append(self.follow_paced(self.begin_tail, rate, lines))
            for peer in self.peers:
                rows.setdefault(peer.name, []).append(self.follow_paced(self.begin_managed(peer), rate, lines, peer.cpu_seconds))
                peer.clear()
        tail = {key: median(run[key] for run in rows["tail -F"]) for key in ("p50", "p99")}
        yield f"## Latency at 10,000 lines/s\n\n{lines:,} lines, one write each, medians of {self.chosen.runs} alternating runs.\n"
        yield "| target | p50, us | × tail -F | p99, us | × tail -F | manager CPU, % of a core | lost | mangled |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
        for name, runs in rows.items():
            p50, p99 = (median(run[key] for run in runs) for key in ("p50", "p99"))
            cpu = median(100 * run["cpu"] / (lines / rate) for run in runs)
            lost, mangled = (sum(run[key] for run in runs) for key in ("lost", "mangled"))
            yield f"| {name} | {p50 / 1000:,.1f} | {p50 / tail['p50']:.2f} | {p99 / 1000:,.1f} | {p99 / tail['p99']:.2f} | {cpu:.1f} | {lost:,} | {mangled:,} |"
        yield "\nLost and mangled are sums over all runs. CPU is compared only where nothing is lost."

    def rotation(self):
        rate, lines = 70_000, 1_400_000
        options = {"tspm": [], "supervisor": ["stdout_logfile_maxbytes=64MB"], "runit": ["s64000000"]}
        yield "## Following through rotation\n"
        yield f"{lines:,} lines of 100 bytes at {rate:,} lines/s; a file is full at 64 MB (tspm's default), so that there are two rotations. PM2 does not rotate by itself.\n"
        yield "| target | lost in the follower | repeated | mangled | files in the end | lines in them |\n| --- | --- | --- | --- | --- | --- |"
        for peer in self.peers:
            if peer.name not in options:
                continue
            run = self.follow_paced(self.begin_managed(peer, options[peer.name]), rate, lines, peer.cpu_seconds)
            numbers = {line[:10] for line in peer.stored("bench.0").split(b"\n") if len(line) == 99}
            files = sum(1 for file in peer.top.rglob("*") if file.is_file() and file.stat().st_size > 100_000 and file.name.startswith(("out.", "bench.0.log", "@", "current")))
            yield f"| {peer.name} | {run['lost']:,} | {run['repeated']:,} | {run['mangled']:,} | {files} | {len(numbers):,} of {lines:,} |"
            peer.clear()

    # Many programs.

    def scale(self):
        rate, seconds, followed = 100, 10, 5
        yield f"## Many programs, {rate} lines/s each\n"
        yield f"{followed} followers, each of one program, {seconds} s. CPU and memory are those of all processes of the manager; memory is RssAnon + RssShmem + swap at the end. tspm's rings are filled first by 10,500 lines of each program.\n"
        yield "| target | programs | CPU, % of a core | × tspm | anonymous memory, MB | × tspm | lost in followers | mangled | p50, us | p99, us |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        cpus = {}
        for count in self.counts(50, 500):
            ours = None
            for peer in self.peers:
                try:
                    run = self.scale_of(peer, count, rate, seconds, followed)
                except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as error:
                    yield f"| {peer.name} | {count} | {str(error)[:80]} | | | | | | | |"
                    self.restart(peer)
                    continue
                ours = ours or run
                cpus[peer.name, count] = run["cpu"]
                yield (
                    f"| {peer.name} | {count} | {run['cpu']:.1f} | {run['cpu'] / ours['cpu']:.2f} | {run['anonymous']:.1f} | {run['anonymous'] / ours['anonymous']:.2f} "
                    f"| {run['lost']:,} of {followed * rate * seconds:,} | {run['mangled']:,} | {run['p50'] / 1000:,.0f} | {run['p99'] / 1000:,.0f} |"
                )
        if ("tspm", 500) in cpus:
            yield f"\ntspm: CPU of 500 programs is {cpus['tspm', 500] / cpus['tspm', 50]:.1f} × that of 50 (aim: <= 8)."

    def counts(self, *all_of_them):
        """Those that --counts has; all without it."""
        return [count for count in all_of_them if not self.chosen.counts or str(count) in self.chosen.counts.split(",")]

    @staticmethod
    def restart(peer):
        peer.close()
        time.sleep(1)
        peer.launch()

    def scale_of(self, peer, count, rate, seconds, followed):
        mark, lines = self.mark(), rate * seconds
        if peer is self.tspm:
            # Fills the rings: the same programs, each with a first run of many lines.
            pathlib.Path(f"{mark}.fill").touch()
            line = f"{self.chosen.paced} 0 10500 {mark}.fill {mark}.$TSPM_INSTANCE; exec {self.chosen.paced} {rate} {lines} {mark}.gate"
            peer.start("many", count, ["/bin/sh", "-c", line])
            wait_for(lambda: all(os.path.exists(f"{mark}.{i}") for i in range(count)), 120, "the rings are not full")
        else:
            peer.start("many", count, [str(self.chosen.paced), str(rate), str(lines), f"{mark}.gate"])
        followers = [
            self.spawn(f"{peer.follow(f'many.{i}')} | {self.reader(lines, f'{mark}-{i}')}") for i in range(followed)
        ]
        try:
            for i in range(followed):
                self.exists(f"{mark}-{i}.seen", 60)
            time.sleep(1)
            pathlib.Path(f"{mark}.gate").touch()
            time.sleep(1)
            before, begin = peer.cpu_seconds(), time.monotonic()
            time.sleep(seconds - 2)
            cpu = 100 * (peer.cpu_seconds() - before) / (time.monotonic() - begin)
            anonymous = peer.anonymous_kib() * 1024 / 1e6
            for i in range(followed):
                self.exists(f"{mark}-{i}.reader", 60)
            reports = [self.report(f"{mark}-{i}.reader") for i in range(followed)]
        finally:
            for follower in followers:
                self.end(follower)
            peer.clear()
        return {
            "cpu": cpu, "anonymous": anonymous, "lost": sum(one["lost"] for one in reports), "mangled": sum(one["mangled"] for one in reports),
            "p50": median(one["p50"] for one in reports), "p99": max(one["p99"] for one in reports),
        }

    def idle(self):
        yield "## Idle programs\n"
        yield "Started by one command; each makes a file and sleeps; the time ends when all files are there. Memory and wake-ups (voluntary switches of all the manager's threads, over 15 s, with nobody looking) 30 s after that.\n"
        yield "| target | programs | start of all, s | × tspm | anonymous memory, MB | wake-ups a minute | stop of all, s |\n| --- | --- | --- | --- | --- | --- | --- |"
        for count in self.counts(10, 100, 1000):
            ours = None
            for peer in self.peers:
                self.restart(peer)
                folder = pathlib.Path(self.mark())
                folder.mkdir()
                begin = time.monotonic()
                try:
                    peer.start("idle", count, ["/bin/sh", "-c", f": >{folder}/$$; exec sleep 100000"])
                    wait_for(lambda: len(os.listdir(folder)) >= count, 120, "not all have started")
                except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as error:
                    yield f"| {peer.name} | {count} | {str(error)[:80]} | | | | |"
                    self.restart(peer)
                    continue
                took = time.monotonic() - begin
                ours = ours or took
                # Idle is who has been quiet for a while: tspm samples for ten seconds after somebody looked, .NET's threads leave after twenty.
                time.sleep(30)
                pids = peer.pids()
                before = peer.switches(pids)
                time.sleep(15)
                # What a thread that left in the meantime did is not seen; one that came counts whole.
                woken = 4 * sum(count - before.get(thread, 0) for thread, count in peer.switches(pids).items())
                memory = peer.anonymous_kib() * 1024 / 1e6
                begin = time.monotonic()
                peer.clear()
                yield f"| {peer.name} | {count} | {took:.2f} | {took / ours:.2f} | {memory:.1f} | {woken:,} | {time.monotonic() - begin:.2f} |"

    def cold(self):
        gate = self.mark()
        pathlib.Path(gate).touch()
        for peer in self.peers:
            peer.start("p", 10, [str(self.chosen.paced), "0", "1000", gate])
        time.sleep(2)
        times = {}
        for _ in range(10 * self.chosen.runs):
            for peer in self.peers:
                for what, words in (("list", peer.listing()), ("tail", peer.tail("p.3"))):
                    begin = time.monotonic()
                    text = call(words, env=peer.env, check=False)
                    times.setdefault((peer.name, what), []).append((time.monotonic() - begin) * 1000)
                    shown = len([line for line in text.split("\n") if line[10:11] == " " and line[:10].isdigit()])
                    if what == "tail" and shown != 100:
                        times[peer.name, "shown"] = shown
        yield "## list and the last 100 lines, cold\n"
        yield f"10 programs with 1,000 lines each, {10 * self.chosen.runs} commands in turn, medians, from spawn to exit.\n"
        yield "| target | list, ms | × tspm | last 100 lines, ms | × tspm | lines shown |\n| --- | --- | --- | --- | --- | --- |"
        first = [median(times["tspm", what]) for what in ("list", "tail")]
        for peer in self.peers:
            one = [median(times[peer.name, what]) for what in ("list", "tail")]
            yield f"| {peer.name} | {one[0]:.1f} | {one[0] / first[0]:.1f} | {one[1]:.1f} | {one[1] / first[1]:.1f} | {times.get((peer.name, 'shown'), 100)} |"
        for peer in self.peers:
            peer.clear()

    def restarts(self):
        yield "## Restart of a crashed program\n"
        yield "The program writes its time and kills itself; from start to start, median of up to 40 (peers with a clock of their own: of what they do in 12 s).\n"
        yield "| target | starts seen | median, ms | × tspm |\n| --- | --- | --- | --- |"
        ours = None
        for peer in self.peers:
            file = pathlib.Path(self.mark())
            peer.start("crash", 1, ["/bin/bash", "-c", f"echo $EPOCHREALTIME >>{file}; kill -9 $$"], restart=True,
                       options=["--max-restarts", "100000"] if peer is self.tspm else [])
            deadline = time.monotonic() + 12
            while time.monotonic() < deadline and (not file.exists() or len(file.read_text().split()) < 45):
                time.sleep(0.1)
            times = [float(line) for line in file.read_text().split("\n")[:-1]]
            peer.clear()
            between = [(b - a) * 1000 for a, b in zip(times, times[1:])]
            ours = ours or median(between[5:])
            told = median(between[min(5, len(between) - 1):])
            yield f"| {peer.name} | {len(times)} | {told:.1f} | {told / ours:.2f} |"

    # What goes wrong.

    def kill(self):
        rate, lines = 5_000, 30_000
        yield "## kill -9 and recovery\n"
        yield f"One program, {rate:,} lines/s for {lines // rate} s; after 2 s what reads its output is killed (tspm: the daemon, then the keeper; runit: svlogd). Where nothing brings it back, its list or start command is run after a second.\n"
        yield "| target | killed | program | lines lost from the store | repeated | first line at the follower after the kill, ms |\n| --- | --- | --- | --- | --- | --- |"
        for peer in self.peers:
            for victim in ("daemon", "keeper") if peer is self.tspm else ("manager",):
                yield self.kill_one(peer, victim, rate, lines)
                peer.clear()
                self.restart(peer)
        yield "\nRepeated: the next daemon started a second copy of the program, which began at 0 again."

    def kill_one(self, peer, victim, rate, lines):
        mark = self.mark()
        peer.start("bench", 1, [str(self.chosen.paced), str(rate), str(lines), f"{mark}.gate", f"{mark}.child"])
        out = pathlib.Path(f"{mark}.out")
        follower = self.spawn(f"{peer.follow('bench.0')} >{out}")
        try:
            wait_for(lambda: out.exists() and b"warm" in out.read_bytes(), 30, "the follower saw nothing")
            pathlib.Path(f"{mark}.gate").touch()
            time.sleep(2)
            pid = peer.pids()[1] if victim == "keeper" else peer.reader_pid("bench.0")
            os.kill(pid, signal.SIGKILL)
            at = time.monotonic()
            size, back, revived = out.stat().st_size, None, False
            while time.monotonic() - at < 8 and not (back and os.path.exists(f"{mark}.child")):
                # What was on its way when the signal came is not recovery.
                if time.monotonic() - at < 0.004:
                    size = out.stat().st_size
                elif back is None and out.stat().st_size > size:
                    back = (time.monotonic() - at) * 1000
                if not revived and time.monotonic() - at > 1:
                    revived = True
                    if back is None:
                        peer.revive()
                time.sleep(0.001)
            is_done = os.path.exists(f"{mark}.child")
            time.sleep(1)
            numbers = [int(line[:10]) for line in peer.stored("bench.0").split(b"\n") if len(line) == 99 and line[:10].isdigit()]
        finally:
            self.end(follower)
            for _, pid in self.left(f"{mark}.gate"):
                os.kill(pid, signal.SIGKILL)
        told = f"{back:,.0f}" if back else "never"
        return f"| {peer.name} | {victim if peer is self.tspm else 'svlogd' if peer.name == 'runit' else 'daemon'} | {'ran on to its end' if is_done else 'died or stood still'} | {lines - len(set(numbers)):,} of {lines:,} | {len(numbers) - len(set(numbers)):,} | {told} |"

    @staticmethod
    def left(mark):
        """Children of this work that nobody manages any more."""
        for folder in pathlib.Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    if mark.encode() in (folder / "cmdline").read_bytes() and b"paced" in (folder / "cmdline").read_bytes():
                        yield mark, int(folder.name)
                except OSError:
                    pass  # It has just ended.

    def awkward(self):
        pieces = [
            b"plain\n", b"\n\n", b"bad \xff\xfe utf-8 \xc3\x28\n", b"nul \x00 inside\n", b"cut \xe2\x82", b"\xac in two writes\n", b"dos line\r\n",
            b"\x1b[31mred\x1b[0m\n", b"10 %\r50 %\r100 %\n", b"x" * 100_000 + b"\n", b"tab\t\x07bell\n", b"y" * 65_536 + b"\n", b"no newline at the end",
        ]
        file = pathlib.Path(self.mark() + ".py")
        gate = self.mark()
        file.write_text(
            f"import os,time\nwhile not os.path.exists({gate!r}): os.write(1,b'warm\\n'); time.sleep(.05)\n"
            f"for piece in {pieces!r}:\n while piece: piece=piece[os.write(1,piece):]\n time.sleep(.1)\n"
        )
        whole = b"".join(pieces)
        yield "## Awkward output, byte for byte\n"
        yield f"{len(whole):,} bytes: empty lines, invalid UTF-8, a NUL, a character cut between two writes, \\r\\n, colours, \\r progress, lines of 64 KiB and 100,000 bytes, no newline at the end.\n"
        yield "| target | stored | at the follower |\n| --- | --- | --- |"
        for peer in self.peers:
            pathlib.Path(gate).unlink(missing_ok=True)
            peer.start("odd", 1, [sys.executable, str(file)])
            out = pathlib.Path(self.mark())
            follower = self.spawn(f"{peer.follow('odd.0')} >{out}")
            wait_for(lambda: out.exists() and b"warm" in out.read_bytes(), 30, "the follower saw nothing")
            pathlib.Path(gate).touch()
            time.sleep(4)
            self.end(follower)
            stored = peer.files() if peer is self.tspm else peer.stored("odd.0")
            yield f"| {peer.name} | {self.told(stored, whole)} | {self.told(out.read_bytes(), whole)} |"
            peer.clear()
        yield "\nStored is what the log files hold. tspm's readers show of a line that is drawn over with \\r its last state, by intent; the file has every byte."

    @staticmethod
    def told(got, whole):
        body = got[got.rfind(b"warm\n") + 5:] if b"warm\n" in got else got
        if body == whole:
            return "equal"
        if body == whole + b"\n":
            return "equal, and a newline at its end"
        same = len(os.path.commonprefix([body, whole]))
        return f"differs from byte {same:,} on; {len(body):,} of {len(whole):,} bytes"

    def bad(self):
        yield "## Bad input\n"
        yield "tspm alone, one follower with `--raw`. Memory is RssAnon + RssShmem + swap of daemon and keeper: before, and the most while it ran and after.\n"
        yield "| child | s | at the follower, of bytes written | memory before, MB | most, MB | daemon and keeper CPU, s |\n| --- | --- | --- | --- | --- | --- |"
        pids = self.tspm.pids()
        self.tspm.pids = lambda: pids  # Asking for them is work of the daemon too.
        write = "import os,sys,time\ndef put(b):\n while b: b=b[os.write(1,b):]\n"
        children = [
            ("one endless line, 64 MiB", 64 << 20, "b=b'x'*65536\nfor i in range(1024): put(b)"),
            ("10 MiB of NULs", 10 << 20, "b=bytes(65536)\nfor i in range(160): put(b)"),
            ("one byte a write, 300,000 of them", 300_000, "for i in range(3000):\n for b in b'y'*99+b'\\n': os.write(1,bytes((b,)))"),
            ("\\r progress, 1,000 frames/s, 5 s", 5000 * 40, "t=time.monotonic()\nfor i in range(5000):\n put(b'%39d\\r'%i)\n time.sleep(max(0,t+i/1000-time.monotonic()))"),
        ]
        for title, size, code in children:
            gate, out = self.mark(), pathlib.Path(self.mark())
            wait = f"while not os.path.exists({gate!r}): os.write(1,b'warm\\n'); time.sleep(.05)\n"
            self.tspm.start("bad", 1, [sys.executable, "-c", write + wait + code])
            follower = self.spawn(f"{self.tspm.follow('bad.0')} >{out}")
            wait_for(lambda: out.exists() and b"warm" in out.read_bytes(), 30, "the follower saw nothing")
            memory, cpu, begin = self.tspm.anonymous_kib(), self.tspm.cpu_seconds(), time.monotonic()
            pathlib.Path(gate).touch()
            most, got, quiet = memory, 0, time.monotonic()
            while time.monotonic() - quiet < 1 and time.monotonic() - begin < 60:
                most = max(most, self.tspm.anonymous_kib())
                if out.stat().st_size != got:
                    got, quiet = out.stat().st_size, time.monotonic()
                time.sleep(0.02)
            cpu = self.tspm.cpu_seconds() - cpu
            self.end(follower)
            text = out.read_bytes()
            body = text[text.rfind(b"warm\n") + 5:]
            yield f"| {title} | {quiet - begin:.2f} | {len(body):,} of {size:,} | {memory * 1024 / 1e6:.1f} | {most * 1024 / 1e6:.1f} | {cpu:.2f} |"
            self.tspm.clear()

    def fair(self):
        rate, seconds = 200, 8
        yield "## A quiet program beside a flood of many\n"
        yield f"So many children write 20,000 lines of 100 bytes each as fast as they can, over and over; one beside them writes {rate} lines/s and is followed. For each count: tspm, then the same children into `cat >/dev/null` each and the quiet one into a bare pipe, so that what the machine's two cores cost it is seen.\n"
        yield "| flooding | target | p50, us | p99, us | lost | flooded, MB/s | anonymous memory, MB |\n| --- | --- | --- | --- | --- | --- | --- |"
        for count in self.counts(0, 8, 100, 500):
            for peer in (self.tspm, None):
                mark, gate, lines = self.mark(), self.mark(), rate * seconds
                pathlib.Path(gate).touch()
                stop = f"{mark}.stop"
                flood = f"while [ -e {gate} ] && [ ! -e {stop} ]; do {self.chosen.paced} 0 20000 {gate} {mark}.f$$; echo >>{mark}.n; done"
                floods = []
                if count and peer:
                    peer.start("flood", count, ["/bin/sh", "-c", flood])
                elif count:
                    floods = [self.spawn(f"({flood}) | cat >/dev/null") for _ in range(count)]
                begin = time.monotonic()
                run = self.follow_paced(self.begin_managed(peer) if peer else self.begin_raw, rate, lines)
                took = time.monotonic() - begin
                pathlib.Path(stop).touch()
                moved = os.path.getsize(f"{mark}.n") * 2 / took if count else 0
                memory = f"{peer.anonymous_kib() * 1024 / 1e6:.1f}" if peer else ""
                for one in floods:
                    self.end(one)
                if peer:
                    peer.clear()
                yield f"| {count} | {peer.name if peer else 'bare pipes'} | {run['p50'] / 1000:,.0f} | {run['p99'] / 1000:,.0f} | {run['lost']} | {moved:,.0f} | {memory} |"

    def slope(self):
        """What one more costs: tspm alone."""
        rate, seconds = 20, 5
        yield "## What one more costs\n"
        yield f"tspm alone. Programs at {rate} lines/s each, nobody follows; then followers of one program at 200 lines/s (the followers' own CPU is not in it). CPU and anonymous memory of daemon and keeper over {seconds} s.\n"
        yield "| what | CPU, % of a core | a line, us | anonymous memory, MB |\n| --- | --- | --- | --- |"
        for count in (1, 10, 100, 1000):
            gate = self.mark()
            pathlib.Path(gate).touch()
            self.tspm.start("one", count, [str(self.chosen.paced), str(rate), "1000000", gate])
            yield self.slope_row(f"{count} programs", seconds, rate * count)
            self.tspm.clear()
        for count in (1, 10, 100):
            gate = self.mark()
            pathlib.Path(gate).touch()
            self.tspm.start("one", 1, [str(self.chosen.paced), "200", "1000000", gate])
            followers = [self.spawn(f"{self.tspm.follow('one.0')} >/dev/null") for _ in range(count)]
            time.sleep(2 + count / 50)
            yield self.slope_row(f"{count} followers", seconds, 200)
            for follower in followers:
                self.end(follower)
            self.tspm.clear()

    def slope_row(self, title, seconds, lines):
        time.sleep(12)  # The sampler rests when nobody has looked for ten seconds.
        pids = self.tspm.pids()
        self.tspm.pids = lambda: pids
        before, begin = self.tspm.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        share = (self.tspm.cpu_seconds() - before) / (time.monotonic() - begin)
        del self.tspm.pids
        return f"| {title} | {100 * share:.1f} | {share / lines * 1e6:.1f} | {self.tspm.anonymous_kib() * 1024 / 1e6:.1f} |"

    def run_all(self):
        works = ["latency10k", "cold", "scale", "idle", "restarts", "rotation", "kill", "awkward", "bad", "fair", "slope"]
        if unknown := set(self.chosen.only.split(",")) - {""} - set(works):
            sys.exit(f"there is no work {', '.join(unknown)}: {', '.join(works)}")
        out = pathlib.Path(self.chosen.out)
        out.mkdir(parents=True, exist_ok=True)
        try:
            for peer in self.peers:
                peer.launch()
            for work in works:
                if self.chosen.only and work not in self.chosen.only.split(","):
                    continue
                lines = []
                for line in getattr(self, work)():
                    print(line, flush=True)
                    lines.append(line)
                (out / f"{work}.md").write_text("\n".join(lines) + "\n")
        finally:
            for process in self.spawned:
                if process.returncode is None:  # Else it was ended, and its number may be another's.
                    self.end(process)
            for peer in self.peers:
                peer.close()
            shutil.rmtree(self.top, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--tspm", "--compare", "--paced"):
        parser.add_argument(name, required=True, type=lambda path: pathlib.Path(path).resolve())
    for name in ("--pm2", "--supervisor"):
        parser.add_argument(name, type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--only", default="")
    parser.add_argument("--targets", default="", help="names, to look at one alone")
    parser.add_argument("--counts", default="", help="of programs, in scale, idle and fair, to measure some alone")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", required=True)
    # So that what was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    Works(parser.parse_args()).run_all()


if __name__ == "__main__":
    main()
