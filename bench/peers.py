"""tspm and what people would use instead, each in a home of its own: how programs are started, followed, listed and read there."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time


def call(words, env=None, check=True, timeout=300):
    done = subprocess.run(words, env=env, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))[:300]}: exit {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def wait_for(fact, seconds, what):
    """Waits until a fact is so."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.005)


def children(of):
    """All descendants, with their names."""
    parents, names = {}, {}
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:
                continue
            pid = int(folder.name)
            parents.setdefault(int(rest.split()[1]), []).append(pid)
            names[pid] = name
    found, left = [], [of]
    while left:
        below = parents.get(left.pop(), [])
        found += [(pid, names[pid]) for pid in below]
        left += below
    return found


def name_of(pid):
    """The name of a process that lives; none if it has gone or waits to be reaped."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return None if text.rpartition(")")[2].split()[0] == "Z" else text.partition("(")[2].rpartition(")")[0]


class Peer:
    """A manager. Programs of one start are NAME.0, NAME.1, ..."""

    pulls = True  # whether it has a follow command of its own

    def __init__(self, top):
        self.top = pathlib.Path(top) / self.name.lower().replace(" ", "-")
        self.top.mkdir(parents=True, exist_ok=True)
        self.env = dict(os.environ)

    def run(self, *words, **more):
        return call([*self.command, *words], env=self.env, **more)

    def anonymous_kib(self):
        total = 0
        for pid in self.pids():
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            total += sum(int(n) for n in re.findall(r"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", text, re.M))
        return total

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def switches(pids):
        """Voluntary switches of each thread so far: how often it woke after a sleep."""
        found = {}
        for pid in pids:
            for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
                try:
                    text = status.read_text()
                except OSError:
                    continue  # The thread has left.
                found[status.parent.name] = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])
        return found


class Tspm(Peer):
    name = "tspm"

    def __init__(self, binary, top):
        super().__init__(top)
        self.command = [str(binary)]
        self.env["TSPM_HOME"] = str(self.top / "home")

    def launch(self):
        self.run("daemon", "start")

    def pids(self):
        status = json.loads(self.run("daemon", "status", "--json"))
        return [status["pid"], status["keeperPid"]]

    def start(self, name, count, words, restart=False, options=()):
        policy = ["--restart", "always", "--min-uptime", "0ms"] if restart else ["--restart", "never"]
        many = ["-i", str(count)] if count > 1 else []
        self.run("start", "--name", name if count > 1 else f"{name}.0", *many, *policy, *options, "--", *words, check=not restart)

    def follow(self, one):
        return f"TSPM_HOME={self.env['TSPM_HOME']} {self.command[0]} logs {one} -f -n 0 --raw 2>/dev/null"

    def listing(self):
        return [*self.command, "list"]

    def tail(self, one):
        return [*self.command, "logs", one, "-n", "100", "--raw"]

    def stored(self, one):
        done = subprocess.run([*self.command, "logs", one, "-n", "all", "--raw"], env=self.env, capture_output=True, check=True)
        return done.stdout

    def files(self):
        """What the data files of the only program hold."""
        return b"".join(file.read_bytes() for file in sorted((self.top / "home").glob("*/p/*/out.*")))

    def reader_pid(self, one):
        return self.pids()[0]

    def revive(self):
        """The keeper does it."""

    def clear(self):
        self.run("delete", "-y", "all")

    def close(self):
        self.run("shutdown", "-y", check=False)


class Pm2(Peer):
    name = "PM2"

    def __init__(self, binary, top):
        super().__init__(top)
        self.command = [str(binary)]
        self.env["PM2_HOME"] = str(self.top / "home")

    def launch(self):
        self.run("ping")

    def pids(self):
        return [int((self.top / "home/pm2.pid").read_text())]

    def start(self, name, count, words, restart=False, options=()):
        apps = [
            {"name": f"{name}.{i}", "script": words[0], "args": words[1:], "interpreter": "none", "autorestart": restart,
             "max_restarts": 100000, "min_uptime": 0}
            for i in range(count)
        ]
        file = self.top / "eco.config.json"
        file.write_text(json.dumps({"apps": apps}))
        self.run("start", file, timeout=400)

    def follow(self, one):
        return f"PM2_HOME={self.env['PM2_HOME']} {self.command[0]} logs {one} --raw --lines 0 2>/dev/null"

    def listing(self):
        return [*self.command, "list"]

    def tail(self, one):
        return [*self.command, "logs", one, "--nostream", "--lines", "100", "--raw"]

    def stored(self, one):
        name, number = one.split(".")
        return b"".join(file.read_bytes() for file in (self.top / "home/logs").glob(f"{name}?{number}-out*.log"))

    def reader_pid(self, one):
        return self.pids()[0]

    def revive(self):
        self.run("list")

    def clear(self):
        self.run("delete", "all", check=False)
        for log in (self.top / "home/logs").glob("*"):
            log.unlink()

    def close(self):
        self.run("kill", check=False)


class Supervisor(Peer):
    """Debian's package, unpacked; its limit of files is raised, since its default holds about 330 programs."""

    name = "supervisor"

    def __init__(self, packages, top):
        super().__init__(top)
        self.env["PYTHONPATH"] = str(packages)
        self.conf = self.top / "s.conf"
        self.command = ["/usr/bin/python3", "-W", "ignore", "-m", "supervisor.supervisorctl", "-c", str(self.conf)]
        (self.top / "d").mkdir(exist_ok=True)
        (self.top / "logs").mkdir(exist_ok=True)
        self.conf.write_text(
            f"[unix_http_server]\nfile={self.top}/s\n[supervisord]\nminfds=10000\nlogfile={self.top}/s.log\n"
            f"pidfile={self.top}/pid\nchildlogdir={self.top}/logs\n"
            "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{self.top}/s\n[include]\nfiles={self.top}/d/*.conf\n"
        )

    def launch(self):
        words = ["/usr/bin/python3", "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(self.conf)]
        call(words, env=self.env)
        wait_for(lambda: (self.top / "pid").exists(), 20, "supervisord has no pid file")

    def pids(self):
        return [int((self.top / "pid").read_text())]

    def start(self, name, count, words, restart=False, options=()):
        line = " ".join(f"'{word}'" if re.search(r"[^\w./-]", word) else word for word in words).replace("%", "%%")
        (self.top / "d" / f"{name}.conf").write_text(
            f"[program:{name}]\ncommand={line}\nnumprocs={count}\nprocess_name=%(program_name)s.%(process_num)s\n"
            f"startsecs=0\nstartretries=100000\nautorestart={'true' if restart else 'false'}\n"
            f"stdout_logfile={self.top}/logs/%(program_name)s.%(process_num)s.log\n" + "".join(f"{one}\n" for one in options)
        )
        self.run("update", check=False)

    def follow(self, one):
        command = " ".join(self.command)
        return f"PYTHONPATH={self.env['PYTHONPATH']} {command} tail -f {one.split('.')[0]}:{one} 2>/dev/null"

    def listing(self):
        return [*self.command, "status"]

    def tail(self, one):
        return [*self.command, "tail", "-10000", f"{one.split('.')[0]}:{one}"]

    def stored(self, one):
        files = sorted((self.top / "logs").glob(f"{one}.log*"), key=lambda file: -int(file.suffix[1:]) if file.suffix[1:].isdigit() else 0)
        return b"".join(file.read_bytes() for file in files)

    def reader_pid(self, one):
        return self.pids()[0]

    def revive(self):
        self.launch()

    def clear(self):
        for file in (self.top / "d").glob("*"):
            file.unlink()
        self.run("update", check=False)
        for log in (self.top / "logs").glob("*"):
            log.unlink()

    def close(self):
        self.run("shutdown", check=False)


class Runit(Peer):
    """runsvdir with an svlogd per program; it is begun when the folders are there, so that it need not find them by its own clock."""

    name = "runit"

    def __init__(self, top):
        super().__init__(top)
        self.scan = self.top / "scan"
        self.scan.mkdir()
        self.process = None

    def launch(self):
        self.process = subprocess.Popen(["runsvdir", str(self.scan)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def pids(self):
        ours = {"runsvdir", "runsv", "svlogd"}
        return [self.process.pid] + [pid for pid, name in children(self.process.pid) if name in ours]

    def start(self, name, count, words, restart=False, options=()):
        self.stop()
        line = " ".join(f"'{word}'" for word in words)
        for i in range(count):
            folder = self.scan / f"{name}.{i}"
            (folder / "log/main").mkdir(parents=True)
            # What may not be restarted takes itself down when it ends.
            down = "" if restart else f"#!/bin/sh\nexec sv down {folder}\n"
            files = {"run": f"#!/bin/sh\nexec {line}\n", "finish": down, "log/run": "#!/bin/sh\nexec svlogd ./main\n"}
            for file, text in files.items():
                if text:
                    (folder / file).write_text(text)
                    (folder / file).chmod(0o755)
            for option in options:
                (folder / "log/main/config").write_text(option + "\n")
        self.launch()

    def follow(self, one):
        return f"tail -n 0 -F {self.scan}/{one}/log/main/current 2>/dev/null"

    def listing(self):
        return ["sv", "status", *map(str, sorted(self.scan.iterdir()))]

    def tail(self, one):
        return ["tail", "-n", "100", f"{self.scan}/{one}/log/main/current"]

    def stored(self, one):
        folder = self.scan / one / "log/main"
        return b"".join(file.read_bytes() for file in [*sorted(folder.glob("@*")), folder / "current"])

    def reader_pid(self, one):
        of = {int(pid) for pid in re.findall(r"\(pid (\d+)\)", call(["sv", "status", str(self.scan / one)]).partition("log:")[2])}
        return of.pop()

    def revive(self):
        """runsv does it."""

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        below = children(self.process.pid)
        self.process.send_signal(signal.SIGHUP)
        self.process.wait()
        deadline = time.monotonic() + 20
        while left := [pid for pid, name in below if name_of(pid) == name]:
            if time.monotonic() > deadline:
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def clear(self):
        self.stop()
        shutil.rmtree(self.scan)
        self.scan.mkdir()
        self.launch()

    def close(self):
        self.stop()
