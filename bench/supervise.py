#!/usr/bin/env python3
"""Starting, stopping, listing, sampling and restarting many: ratios of 1,000 to 100 or 10, restart latency.

usage: supervise.py TSPM [PM2] [--restarts]    TSPM is the published binary. PM2, or the one that compare.sh has put into
artifacts/peers, is what the restart latency is compared with.
       supervise.py TSPM --many   only the first half: starting, listing, sampling, stopping; --restarts: only the other
"""
import json, os, shutil, statistics, subprocess, sys, tempfile, time

TSPM = sys.argv[1]
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../artifacts/peers/node_modules/.bin/pm2")
ONLY_MANY = "--many" in sys.argv
WORDS = [word for word in sys.argv[2:] if not word.startswith("--")]
PM2 = WORDS[0] if WORDS else PEER if os.path.exists(PEER) else None
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


def start_and_stop(count, look=lambda root: None):
    root = home()
    tspm(root, "daemon", "start")
    started = timed(lambda: tspm(root, "start", "--name", "p", "-i", str(count), "--", "sleep", "100000"))
    look(root)
    stopped = timed(lambda: tspm(root, "stop", "all"))
    end(root)
    return started, stopped


def list_time(root):
    """One `list`, in ms: the median of 21, while the daemon samples anyhow."""
    return statistics.median(timed(lambda: tspm(root, "list")) for _ in range(21)) * 1000


def daemon_cpu(root, seconds, looks):
    """The daemon's CPU in percent of a core; somebody who looks asks for one process, which has all sampled."""
    pid = json.loads(tspm(root, "daemon", "status", "--json").stdout)["pid"]

    def ticks():
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    if not looks:
        time.sleep(12)
    else:
        tspm(root, "list", "p.0")
    begin, before = time.monotonic(), ticks()
    while time.monotonic() - begin < seconds:
        time.sleep(5)
        if looks:
            tspm(root, "list", "p.0")
    return (ticks() - before) / (time.monotonic() - begin) * 100


def list_and_sample(root, found):
    found["list"] = list_time(root)
    found["sampled"] = daemon_cpu(root, 20, looks=True)
    found["idle"] = daemon_cpu(root, 20, looks=False)


def program(folder, kind):
    """What writes its time and kills itself: a shell, or crash.c, which takes no time of its own."""
    file = os.path.join(folder, "starts")
    if kind == "shell":
        return file, ["/bin/bash", "-c", f'echo "$EPOCHREALTIME" >>{file}; kill -9 $$']
    binary = os.path.join(folder, "crash")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "crash.c")
    subprocess.run(["gcc", "-O2", "-static", "-o", binary, source], check=True)
    return file, [binary, file]


def gaps(file):
    times = []
    deadline = time.monotonic() + 60
    while len(times) < RUNS and time.monotonic() < deadline:
        time.sleep(0.05)
        if os.path.exists(file):
            times = [float(line) for line in open(file).read().split("\n")[:-1]]
    return [(b - a) * 1000 for a, b in zip(times, times[1:])][5:]


def bare(kind):
    """The same program, started and reaped by this process: what no manager can be faster than."""
    folder = tempfile.mkdtemp()
    file, words = program(folder, kind)
    for _ in range(RUNS):
        subprocess.run(words)
    found = gaps(file)
    shutil.rmtree(folder)
    return found


def restarts_tspm(kind):
    root = home()
    file, words = program(root, kind)
    tspm(root, "daemon", "start")
    subprocess.run(
        [TSPM, "start", "--name", "crash", "--restart", "always", "--min-uptime", "0ms", "--", *words],
        env={**os.environ, "TSPM_HOME": root}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = gaps(file)
    end(root)
    return found


def restarts_pm2(kind):
    root = home()
    file, words = program(root, kind)
    path = os.path.join(root, "crash.config.json")
    app = {"name": "crash", "script": words[0], "args": words[1:], "interpreter": "none",
           "autorestart": True, "max_restarts": 100000, "min_uptime": 0}
    with open(path, "w") as out:
        json.dump({"apps": [app]}, out)
    env = {**os.environ, "PM2_HOME": os.path.join(root, "pm2")}
    subprocess.run([PM2, "start", path], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = gaps(file)
    subprocess.run([PM2, "kill"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shutil.rmtree(root)
    return found


if "--restarts" not in sys.argv:
    ten, thousand = {}, {}
    start_and_stop(10, lambda root: ten.update(list=list_time(root)))
    few = [start_and_stop(100) for _ in range(3)]
    many = start_and_stop(1000, lambda root: list_and_sample(root, thousand))
    few_start = statistics.median(one[0] for one in few)
    print(f"start 100: {few_start:.2f} s; start 1,000: {many[0]:.2f} s; ratio {many[0] / few_start:.1f}")
    print(f"stop 1,000 (SIGTERM): {many[1]:.2f} s; stop 100: {statistics.median(one[1] for one in few):.2f} s")
    print(f"list of 10: {ten['list']:.1f} ms; of 1,000: {thousand['list']:.1f} ms; ratio {thousand['list'] / ten['list']:.1f}")
    print(f"daemon with 1,000, once a second sampled: {thousand['sampled']:.1f} % of a core; nobody looks: {thousand['idle']:.1f} %")
if ONLY_MANY:
    sys.exit(0)
for kind in ("shell", "crash.c"):
    floor = statistics.median(bare(kind))
    ours = statistics.median(restarts_tspm(kind))
    print(f"restart of a crashed child ({kind}), start to start, median: tspm {ours:.1f} ms, this loop {floor:.1f} ms")
    if PM2:
        theirs = statistics.median(restarts_pm2(kind))
        print(f"PM2 {theirs:.1f} ms; tspm / PM2 = {ours / theirs:.2f}")
