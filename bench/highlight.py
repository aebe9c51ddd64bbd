#!/usr/bin/env python3
"""What colouring costs: `tspm logs` to a pseudo-terminal with and without it; user+system CPU of the client and wall time.

usage: bench/highlight.py PATH_TO_TSPM [LINES]      exit 1 if the median CPU with colours is more than twice the plain one
"""
import fcntl, os, pty, shutil, statistics, struct, subprocess, sys, tempfile, termios, time

LINE = ('2026-01-31T14:05:06.123Z INFO  request id=7f3a status=200 took 12.5ms path="/api/items/42" '
        'from 10.0.0.7:51234 see https://a.example/items/42 at /srv/app/src/items.js:120:5')


def run(tspm, *options):
    """CPU seconds, wall seconds and bytes of one run to a terminal."""
    begin = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
        os.execv(tspm, [tspm, "logs", "bench", "-n", "all", "--no-events", "--no-pager", *options])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    count = 0
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        count += len(piece)
    _, status, usage = os.wait4(pid, 0)
    os.close(terminal)
    assert status == 0, status
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begin, count


def main():
    tspm = os.path.abspath(sys.argv[1])
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 300_000
    home = tempfile.mkdtemp(prefix="tsb")
    os.environ["TSPM_HOME"] = home
    try:
        script = f"yes '{LINE}' | head -n {lines}; echo end-of-bench; exec sleep 600"
        subprocess.run([tspm, "start", "--name", "bench", "--", "sh", "-c", script], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([tspm, "wait", "bench", "--for", "log:/end-of-bench/", "--timeout", "60s"], check=True, stdout=subprocess.DEVNULL)
        rows = {"plain": [], "coloured": []}
        for _ in range(5):
            rows["plain"].append(run(tspm, "--no-highlight"))
            rows["coloured"].append(run(tspm))
        for name, all_ in rows.items():
            cpu, wall = statistics.median(r[0] for r in all_), statistics.median(r[1] for r in all_)
            print(f"{name:9} {cpu:6.3f} s CPU, {wall:6.3f} s wall, {all_[0][2] / 1e6:6.1f} MB, {lines} lines")
        ratio = statistics.median(r[0] for r in rows["coloured"]) / statistics.median(r[0] for r in rows["plain"])
        print(f"ratio of CPU {ratio:.2f}")
        return 0 if ratio <= 2 else 1
    finally:
        subprocess.run([tspm, "shutdown", "--timeout", "1s"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
