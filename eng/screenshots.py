#!/usr/bin/env python3
"""Makes the pictures of the README: runs tspm in tmux, reads the screen with its colours, and writes it as small SVG files.

usage: eng/screenshots.py PATH_TO_TSPM [FOLDER]     needs tmux; the pictures go to docs/images

What differs from one run to the next (clock times, pids, uptimes, the machine's load) is written as fixed values, so that a
picture changes only when tspm does.
"""
import html, os, re, shutil, subprocess, sys, tempfile, time

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 12
BACKGROUND, TEXT = "#1b1f24", "#d5d9de"
COLORS = ["#5c6370", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d5d9de"]
BRIGHT = ["#7f8794", "#f08a92", "#b2dd92", "#f2d398", "#83c5ff", "#dc9af0", "#7fd4df", "#ffffff"]
WEB = "n=0; while true; do n=$((n+1)); echo \"GET /api/items/$((n % 10)) 200 1ms\"; [ $((n % 7)) = 0 ] && echo 'slow query 812ms at /srv/shop/items.js:120' >&2; sleep 0.3; done"
DB = "echo 'listening on :5432'; while sleep 1; do echo 'checkpoint complete'; done"
WORKER = "echo 'level=info msg=\"retry 3 of 5\"'; sleep 1.2; echo 'ERROR cannot connect to http://127.0.0.1:6379'; exit 1"


def fixed(text):
    """The same text with fixed values where each run has others."""
    times = {}

    def clock(match):
        at = times.setdefault(match.group(0), len(times))
        return f"14:05:{6 + at * 3 // 10:02}.{at * 300 % 1000 + 23:03}"

    text = re.sub(r"(?<!\d)\d\d:\d\d:\d\d\.\d{3}(?!\d)", clock, text)
    text = re.sub(r"\bup \d+s\b", lambda one: "up 9s".ljust(len(one.group(0))), text)
    text = re.sub(r"\bpid \d+\b", "pid 4711", text)
    text = re.sub(r"(\x1b\[39m +\d+ +)(\d+)( +\d+s)", lambda one: f"{one.group(1)}{'4711'.rjust(len(one.group(2)))[-len(one.group(2)):]}{one.group(3)}", text)
    text = re.sub(r"\bpeak [\d.]+M\b", "peak 6.1M", text)
    text = re.sub(r"(cpu) +[▁▂▃▄▅▆▇█ ]{8} *(\d+)% mem +([\d.]+)G", lambda one: "cpu ▁▁▂▂▃▂▁▂ 18% mem 1.2G".rjust(len(one.group(0))), text)
    return text


def spans(row):
    """Pieces of one row: text with colour, bold, dim and reverse."""
    color, bold, dim, reverse = None, False, False, False
    for piece in re.split(r"(\x1b\[[0-9;]*m)", row):
        if not piece.startswith("\x1b"):
            if piece:
                yield piece, color, bold, dim, reverse
            continue
        words = [int(word or 0) for word in piece[2:-1].split(";")]
        while words:
            word = words.pop(0)
            if word == 0:
                color, bold, dim, reverse = None, False, False, False
            elif word in (1, 2, 7):
                bold, dim, reverse = bold or word == 1, dim or word == 2, reverse or word == 7
            elif word == 22:
                bold = dim = False
            elif word == 27:
                reverse = False
            elif 30 <= word <= 37:
                color = COLORS[word - 30]
            elif 90 <= word <= 97:
                color = BRIGHT[word - 90]
            elif word == 39:
                color = None
            elif word == 38 and words[:1] == [5]:
                color, words = of_256(words[1]), words[2:]
            elif word == 38:
                color, words = "#%02x%02x%02x" % tuple(words[1:4]), words[4:]


def of_256(number):
    if number < 16:
        return (COLORS + BRIGHT)[number]
    if number >= 232:
        return "#%02x%02x%02x" % ((8 + (number - 232) * 10,) * 3)
    steps = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#%02x%02x%02x" % (steps[number // 36], steps[number // 6 % 6], steps[number % 6])


def svg(rows, columns):
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(rows) * CELL_HEIGHT + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">',
        f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>',
        f'<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="14" fill="{TEXT}">',
    ]
    for y, row in enumerate(rows):
        x = 0
        for text, color, bold, dim, reverse in spans(row):
            left, bottom = MARGIN + x * CELL_WIDTH, MARGIN + (y + 1) * CELL_HEIGHT - 4
            if reverse:
                out.append(f'<rect x="{left:g}" y="{bottom - 14:g}" width="{len(text) * CELL_WIDTH:g}" height="{CELL_HEIGHT}" fill="{color or TEXT}"/>')
            look = f' fill="{BACKGROUND}"' if reverse else f' fill="{color}"' if color else ""
            look += ' font-weight="bold"' if bold else ""
            look += ' opacity="0.6"' if dim else ""
            if text.strip():
                out.append(f'<text x="{left:g}" y="{bottom:g}" textLength="{len(text) * CELL_WIDTH:g}" xml:space="preserve"{look}>{html.escape(text)}</text>')
            x += len(text)
    return "\n".join([*out, "</g>", "</svg>", ""])


class Screen:
    """A terminal of tmux."""

    def __init__(self, home, line, columns, rows):
        self.socket = os.path.join(tempfile.mkdtemp(dir=home), "tmux")
        self.run("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), line)

    def run(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], check=True, stdout=subprocess.PIPE, text=True).stdout

    def see(self, text):
        end = time.monotonic() + 20
        while text not in self.run("capture-pane", "-p"):
            if time.monotonic() > end:
                raise SystemExit(f"not seen: {text}\n{self.run('capture-pane', '-p')}")
            time.sleep(0.05)
        return self

    def take(self):
        return fixed(self.run("capture-pane", "-p", "-e")).rstrip("\n").split("\n")

    def end(self):
        self.run("kill-server")


def main():
    tspm = os.path.abspath(sys.argv[1])
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../docs/images")
    os.makedirs(folder, exist_ok=True)
    home = tempfile.mkdtemp(prefix="tspm-s")
    os.environ.update(TSPM_HOME=os.path.join(home, "h"), LANG="C.UTF-8", TERM="xterm-256color", TZ="UTC", PATH=f"{os.path.dirname(tspm)}:{os.environ['PATH']}")
    work = os.path.join(home, "shop")
    os.makedirs(work)

    def command(*words):
        subprocess.run([tspm, *words], check=True, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def picture(name, line, columns, rows, *wanted, keys=(), title=None):
        screen = Screen(home, line, columns, rows)
        for text in wanted:
            screen.see(text)
        for key, then in keys:
            screen.run("send-keys", key)
            screen.see(then)
        lines = screen.take()
        screen.end()
        if title:
            lines = [f"\x1b[32m$\x1b[0m {title}", *lines]
        with open(os.path.join(folder, name), "w") as out:
            out.write(svg(lines, columns))

    try:
        command("start", "--name", "web", "--max-memory", "512M", "--", "sh", "-c", WEB)
        command("start", "--name", "db", "--", "sh", "-c", DB)
        command("start", "--name", "worker", "--restart", "always", "--backoff", "12s", "--min-uptime", "10s", "--", "sh", "-c", WORKER)
        command("start", "--name", "mail", "--", "sleep", "600")
        command("stop", "mail")
        for _ in range(6):  # so that there is something to draw
            command("list")
            time.sleep(1)
        picture("list.svg", "tspm list; exec sleep 60", 100, 6, "mail", title="tspm list")
        picture("logs.svg", "exec tspm logs web db worker -f -n 4", 100, 16, "checkpoint", "slow query", "ERROR cannot", title="tspm logs web db worker -f")
        picture("ui.svg", "exec tspm ui", 116, 24, "following", "GET /api", "backoff", keys=[("Tab", "Space pause")])
    finally:
        subprocess.run([tspm, "shutdown", "-y", "--timeout", "1s"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
