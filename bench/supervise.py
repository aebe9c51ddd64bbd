#!/usr/bin/env python3
"""Starting, stopping and restarting many: ratios of starting 1,000 to 100, the stop of 1,000, restart latency.

usage: supervise.py TSPM [PM2]    TSPM is the published binary. PM2, or the one that compare.sh has put into
artifacts/peers, is what the restart latency is compared with.
"""
import os, shutil, statistics, subprocess, sys, tempfile, time

TSPM = sys.argv[1]
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../artifacts/peers/node_modules/.bin/pm2")
PM2 = sys.argv[2] if len(sys.argv) > 2 else PEER if os.path.exists(PEER) else None
RUNS = 60


def home():
    return tempfile.mkdtemp(prefix="tspm-b")


def tspm(root, *words, **more):
    return subprocess.run(
        [TSPM, *words], env={**os.environ, "TSPM_HOME": root}, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def timed(call):
    begin = time.monotonic()
    call()
    return time.monotonic() - begin


def end(root):
    tspm(root, "shutdown", "-y")
    shutil.rmtree(root)


def start_and_stop(count):
    root = home()
    tspm(root, "daemon", "start")
    started = timed(lambda: tspm(root, "start", "--name", "p", "-i", str(count), "--", "sleep", "100000"))
    stopped = timed(lambda: tspm(root, "stop", "all"))
    end(root)
    return started, stopped


def script(folder):
    file = os.path.join(folder, "starts")
    return file, f'echo "$EPOCHREALTIME" >>{file}; kill -9 $$'


def gaps(file):
    times = []
    deadline = time.monotonic() + 60
    while len(times) < RUNS and time.monotonic() < deadline:
        time.sleep(0.05)
        if os.path.exists(file):
            times = [float(line) for line in open(file).read().split("\n")[:-1]]
    return [(b - a) * 1000 for a, b in zip(times, times[1:])][5:]


def bare(folder):
    """The same program, started and reaped by this process: what no manager can be faster than."""
    file, line = script(folder)
    for _ in range(RUNS):
        subprocess.run(["/bin/bash", "-c", line])
    return gaps(file)


def restarts_tspm():
    root = home()
    file, line = script(root)
    tspm(root, "daemon", "start")
    subprocess.run(
        [TSPM, "start", "--name", "crash", "--restart", "always", "--min-uptime", "0ms", "--", "/bin/bash", "-c", line],
        env={**os.environ, "TSPM_HOME": root}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = gaps(file)
    end(root)
    return found


def restarts_pm2():
    root = home()
    file, line = script(root)
    path = os.path.join(root, "crash.sh")
    with open(path, "w") as out:
        out.write(line + "\n")
    env = {**os.environ, "PM2_HOME": os.path.join(root, "pm2")}
    subprocess.run([PM2, "start", path, "--interpreter", "/bin/bash", "--min-uptime", "0", "--max-restarts", "100000"],
                   env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = gaps(file)
    subprocess.run([PM2, "kill"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(root)
    return found


few = [start_and_stop(100) for _ in range(3)]
many = [start_and_stop(1000) for _ in range(2)]
few_start = statistics.median(one[0] for one in few)
many_start = min(one[0] for one in many)
print(f"start 100: {few_start:.2f} s; start 1,000: {many_start:.2f} s; ratio {many_start / few_start:.1f}")
print(f"stop 1,000 (SIGTERM): {min(one[1] for one in many):.2f} s; stop 100: {statistics.median(one[1] for one in few):.2f} s")
folder = tempfile.mkdtemp()
floor = statistics.median(bare(folder))
shutil.rmtree(folder)
ours = statistics.median(restarts_tspm())
print(f"restart of a crashed child, start to start, median: tspm {ours:.1f} ms, this loop {floor:.1f} ms")
if PM2:
    theirs = statistics.median(restarts_pm2())
    print(f"PM2 {theirs:.1f} ms; tspm / PM2 = {ours / theirs:.2f}")
