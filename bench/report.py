#!/usr/bin/env python3
"""From the measured sections to docs/benchmarks.md and its charts. Usage: report.py FOLDER [--machine TEXT]

FOLDER holds a file per section, as bench/compare.sh leaves them. What stands between the two marks in docs/benchmarks.md is
replaced by the sections, in their order; a section that was not measured now stays as it was.
"""
import pathlib
import re
import sys
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/benchmarks.md"
CHARTS = ROOT / "docs/charts"
BEGIN, END = "<!-- made by bench/compare.sh -->\n", "<!-- end of what bench/compare.sh made -->\n"
SECTIONS = [
    "flood", "lines", "latency", "latency10k", "list", "cold", "scale", "idle", "restarts", "stopped", "allocation",
    "rotation", "kill", "awkward", "bad", "fair", "slope",
]
# Section: the column, what the chart is called, and rows that it is about (column, value).
DRAWN = {
    "flood": ("follower done, s", "Flood of 2 million lines: seconds until the follower has all", None),
    "lines": ("child done, s", "One line per write: seconds until the child is done", None),
    "latency": ("p50, us", "Latency at 200 lines/s, median, microseconds", None),
    "latency10k": ("p50, us", "Latency at 10,000 lines/s, median, microseconds", None),
    "cold": ("list, ms", "list, cold, milliseconds", None),
    "scale": ("CPU, % of a core", "50 programs at 100 lines/s with 5 followers: CPU of the manager, % of a core", ("programs", "50")),
    "idle": ("anonymous memory, MB", "100 idle programs: anonymous memory of the manager, MB", ("programs", "100")),
    "restarts": ("median, ms", "Restart of a crashed program, milliseconds", None),
}


def table(text):
    """The first table of a section, a dictionary per row."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row)) for row in cells[2:]] if len(cells) > 2 else []


def draw(title, bars):
    """Horizontal bars with their figures; text that is the same for the same figures."""
    most = max(value for _, value, _ in bars) or 1
    height = 44 + 26 * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" viewBox="0 0 720 {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="720" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-weight="bold" fill="#222222">{escape(title)}</text>',
    ]
    for i, (name, value, text) in enumerate(bars):
        y, width = 38 + 26 * i, max(1, round(470 * value / most))
        colour = "#1f77b4" if name == "tspm" else "#b8b8b8"
        parts.append(f'<text x="112" y="{y + 14}" text-anchor="end" fill="#222222">{escape(name)}</text>')
        parts.append(f'<rect x="120" y="{y}" width="{width}" height="18" fill="{colour}"/>')
        parts.append(f'<text x="{128 + width}" y="{y + 14}" fill="#222222">{escape(text)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def chart(name, text):
    """Writes the chart of a section; the line of Markdown that shows it."""
    column, title, only = DRAWN[name]
    bars = []
    for row in table(text):
        figure = row.get(column, "").replace(",", "")
        if (only is None or row.get(only[0]) == only[1]) and re.fullmatch(r"[0-9.]+", figure):
            bars.append((row.get("target") or row.get("command"), float(figure), row[column]))
    if not bars:
        return ""
    CHARTS.mkdir(exist_ok=True)
    (CHARTS / f"{name}.svg").write_text(draw(title, bars))
    return f"\n![{title}](charts/{name}.svg)\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    document = DOCUMENT.read_text()
    before, found, rest = document.partition(BEGIN)
    old, ended, after = rest.partition(END)
    if not found or not ended:
        sys.exit(f"{DOCUMENT}: the marks are not there")
    known = {}
    for part in re.split(r"(?m)^(?=<!-- section )", old):
        if name := re.match(r"<!-- section (\w+) -->\n", part):
            known[name[1]] = part[name.end():].strip("\n")
    for name in SECTIONS:
        file = folder / f"{name}.md"
        if file.exists():
            text = file.read_text().strip("\n")
            known[name] = (text + "\n" + (chart(name, text) if name in DRAWN else "")).strip("\n")
    body = "\n".join(f"<!-- section {name} -->\n{known[name]}\n" for name in SECTIONS if name in known)
    DOCUMENT.write_text(before + BEGIN + body + END + after)


if __name__ == "__main__":
    main()
