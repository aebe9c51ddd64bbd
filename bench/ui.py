#!/usr/bin/env python3
"""`tspm ui` on a source of 100,000 lines a second: frames a second, its CPU and memory, and how many lines there really were.

usage: bench/ui.py PATH_TO_TSPM [SECONDS]      exit 1 if it shows less than 20 frames a second, needs more than 40 % of a core
                                               or more than 128 MiB
"""
import fcntl, json, os, pty, select, shutil, signal, struct, subprocess, sys, tempfile, termios, time

RATE = 100_000
SOURCE = f"""
import os, time
number, due = 0, time.monotonic()
while True:
    due += 0.01
    time.sleep(max(0, due - time.monotonic()))
    lines = "".join("%d GET /api/items 200 12ms a line of an ordinary length\\n" % i for i in range(number, number + {RATE // 100}))
    number += {RATE // 100}
    data = lines.encode()
    while data:
        data = data[os.write(1, data):]
"""
FRAME = b"\x1b[?2026l"


def ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def head(tspm):
    return json.loads(subprocess.check_output([tspm, "describe", "flood", "-o", "json"]))["log"]["head"]


def watch(terminal, seconds):
    """Reads the terminal; the number of whole pictures, the longest time without one, and the bytes."""
    end, frames, count, last, longest, rest = time.monotonic() + seconds, 0, 0, time.monotonic(), 0.0, b""
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        piece = os.read(terminal, 1 << 16)
        count += len(piece)
        seen = (rest + piece).count(FRAME)
        rest = (rest + piece)[-len(FRAME) + 1:]
        if seen:
            frames, longest, last = frames + seen, max(longest, time.monotonic() - last), time.monotonic()
    return frames, longest, count


def main():
    tspm, seconds = os.path.abspath(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 20
    home = os.environ["TSPM_HOME"] = tempfile.mkdtemp(prefix="tspm-u")
    try:
        subprocess.run([tspm, "start", "--name", "flood", "--", sys.executable, "-c", SOURCE], check=True, stdout=subprocess.DEVNULL)
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
            os.execv(tspm, [tspm, "ui"])
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.kill(pid, signal.SIGWINCH)
        watch(terminal, 3)
        begin, cpu, first = time.monotonic(), ticks(pid), head(tspm)
        frames, longest, count = watch(terminal, seconds)
        took, early = time.monotonic() - begin, memory(pid)
        share, lines = (ticks(pid) - cpu) / took, (head(tspm) - first) / took
        watch(terminal, seconds / 2)
        late = memory(pid)
        os.kill(pid, signal.SIGTERM)
        os.close(terminal)
        os.waitpid(pid, 0)
        print(f"{lines:,.0f} lines/s; {frames / took:.1f} frames/s, longest pause {longest * 1000:.0f} ms, {count / took / 1024:.0f} KiB/s")
        print(f"CPU {share * 100:.1f} % of a core; memory {early:.0f} MiB, {late:.0f} MiB {seconds / 2:.0f} s later")
        return 0 if frames / took >= 20 and share <= 0.4 and late <= 128 else 1
    finally:
        subprocess.run([tspm, "shutdown", "--timeout", "1s"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
