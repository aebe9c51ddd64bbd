#!/usr/bin/env python3
"""A follower of one log, written from docs/protocol.md alone: nothing but the standard library.

follow.py SOCKET NAME [--until-exit] [--stop-after-seq N] [--timeout S]

Prints JSON Lines: log (msg_b64: the entry's bytes), gap, conn, state. Exit 0 done, 1 failed, 2 usage, 7 timeout.
"""
import argparse
import base64
import json
import os
import socket
import struct
import sys
import time

HELLO, WELCOME, REFUSE, PING, PONG, BYE = 1, 2, 3, 4, 5, 6
REQUEST, REPLY, ERROR = 16, 17, 18
SUBSCRIBE, SUBSCRIBED, BATCH, GAP, CAUGHT_UP, CREDIT, ENDED = 32, 33, 34, 35, 36, 37, 40
GET_LOGS, RESOLVE = 8, 11
WINDOW = 256 * 1024
NO_EPOCH_END = 2**64 - 1
REASONS = ["unknown", "slow", "dropped", "expired", "flushed", "not-stored", "corrupt",
           "truncated", "skipped", "unauthorised"]


class Lost(Exception):
    """The connection is gone."""


class Done(Exception):
    """What was waited for has come."""


class Connection:
    def __init__(self, path, deadline):
        self.deadline = deadline
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.connect(path)
        except OSError as error:
            raise Lost(str(error)) from error
        self.last_id = 0
        self.waiting = []  # frames that came while an answer was waited for
        self.send_json(HELLO, 0, {"protoMin": 1, "protoMax": 1, "client": "conformance",
                                  "build": "", "wants": []})
        kind, _, _, payload = self.read()
        if kind == REFUSE:
            refusal = json.loads(payload)
            if refusal["code"] in ("version", "peer"):
                sys.exit(f"refused: {refusal}")
            raise Lost(refusal["code"])
        if kind != WELCOME:
            raise Lost(f"kind {kind} instead of a welcome")

    def send(self, kind, ident, payload, method=0):
        try:
            self.socket.sendall(struct.pack("<IBBHI", len(payload), kind, 0, method, ident) + payload)
        except OSError as error:
            raise Lost(str(error)) from error

    def send_json(self, kind, ident, value, method=0):
        self.send(kind, ident, json.dumps(value).encode(), method)

    def read_exactly(self, count):
        parts = b""
        while len(parts) < count:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.socket.settimeout(left)
            try:
                part = self.socket.recv(min(count - len(parts), 1 << 20))
            except socket.timeout as error:
                raise TimeoutError from error
            except OSError as error:
                raise Lost(str(error)) from error
            if not part:
                raise Lost("the daemon hung up")
            parts += part
        return parts

    def read(self):
        while True:
            length, kind, flags, _, ident = struct.unpack("<IBBHI", self.read_exactly(12))
            payload = self.read_exactly(length)
            if kind == PING:
                self.send(PONG, 0, payload)
            elif kind == BYE:
                raise Lost(json.loads(payload)["reason"])
            elif kind != PONG and kind < 128:
                return kind, flags, ident, payload

    def next(self):
        return self.waiting.pop(0) if self.waiting else self.read()

    def ask(self, method, request):
        self.last_id += 1
        mine = 1000 + self.last_id
        self.send_json(REQUEST, mine, request, method)
        while True:
            kind, flags, ident, payload = self.read()
            if ident == mine and kind in (REPLY, ERROR):
                if kind == ERROR:
                    sys.exit(f"request {method}: {json.loads(payload)}")
                return payload
            self.waiting.append((kind, flags, ident, payload))


class Batch:
    def __init__(self, payload):
        (self.gen, self.epoch, self.dseq, self.after, self.up_to, self.head, self.prev_epoch_end,
         spans, runs, holes, self.flags, self.oldest_ring, self.oldest_disk, size) = struct.unpack_from(
            "<IIQQQQQIIIIQQQ", payload, 0)
        at = 88 + 24 * runs
        self.holes = [struct.unpack_from("<QQI", payload, at + 24 * i) for i in range(holes)]
        at += 24 * holes
        data = at + 64 * spans
        if data + size != len(payload):
            sys.exit("batch counts do not fit its length")
        self.entries = []
        for i in range(spans):
            seq, count, length, run, stream = struct.unpack_from("<QIIIB", payload, at + 64 * i)
            text = payload[data:data + length]
            data += length
            lines = split(text, count)
            self.entries += [(seq + n, run, stream, line) for n, line in enumerate(lines)]


def split(text, count):
    """A span of several entries has only whole lines, each ended by a newline."""
    if count == 1:
        return [text]
    lines = [line + b"\n" for line in text.split(b"\n")[:-1]]
    if len(lines) != count:
        sys.exit(f"a span of {count} entries has {len(lines)} lines")
    return lines


class Follower:
    def __init__(self, options):
        self.options = options
        self.deadline = time.monotonic() + options.timeout
        self.position = None  # (epoch, seq) of the last entry printed or told
        self.gen = 0
        self.out = sys.stdout

    def tell(self, kind, **fields):
        self.out.write(json.dumps({"kind": kind, **fields}) + "\n")

    def run(self):
        wait = 0.1
        while True:
            try:
                self.follow(Connection(self.options.socket, self.deadline))
            except Lost as lost:
                self.tell("conn", state="lost", reason=str(lost))
                self.out.flush()
                if time.monotonic() + wait > self.deadline:
                    raise TimeoutError from lost
                time.sleep(wait)
                wait = min(wait * 2, 5)

    def follow(self, connection):
        self.connection = connection
        logs = json.loads(connection.ask(RESOLVE, {"select": [self.options.name]}))["logs"]
        if len(logs) != 1:
            sys.exit(f"{self.options.name} means {len(logs)} logs")
        log = logs[0]
        self.log = log
        self.gen += 1
        self.dseq = 0
        self.unreturned = 0
        wanted = {"catchup": False, "logId": log["logId"]}
        if self.position:
            wanted["after"] = {"epoch": self.position[0], "seq": self.position[1]}
        connection.send_json(SUBSCRIBE, 1, {"topic": log["topic"], "gen": self.gen,
                                            "credit": WINDOW, "options": wanted})
        while True:
            kind, flags, ident, payload = connection.next()
            if ident == 1:
                self.take(kind, flags, payload)
                self.out.flush()

    def take(self, kind, flags, payload):
        if kind == BATCH:
            self.take_batch(Batch(payload))
            if not flags & 2:
                self.give_back(len(payload))
            return
        message = json.loads(payload) if payload else {}
        if kind == ERROR:
            sys.exit(f"subscribe: {message}")
        if message.get("gen") != self.gen:
            return
        if kind == SUBSCRIBED:
            self.open(message["info"])
        elif kind == GAP:
            self.count(message["dseq"])
            self.take_gap(message)
        elif kind == ENDED:
            self.tell("state", state="ended", reason=message["reason"])
            raise Done

    def open(self, info):
        if info["status"] == "truncated":
            self.tell("state", state="truncated", lastSeq=info["lastSeq"])
            self.position = (info["epoch"], info["lastSeq"])
        elif info["status"] == "recreated":
            self.tell("state", state="recreated")
            self.position = (info["epoch"], info["startAt"])
        elif self.position is None:
            self.position = (info["epoch"] if info["startAt"] == 0 else 0, 0)
            self.fetch(info["startAt"])

    def take_batch(self, batch):
        if batch.gen != self.gen:
            return
        self.count(batch.dseq)
        if batch.prev_epoch_end != NO_EPOCH_END and batch.prev_epoch_end < self.position[1] \
                and batch.epoch > self.position[0]:
            self.tell("state", state="truncated", lastSeq=batch.prev_epoch_end)
            self.position = (batch.epoch, batch.prev_epoch_end)
        if batch.up_to <= self.position[1]:
            return
        if batch.after > self.position[1]:
            self.fetch(batch.after)
        self.print(batch)

    def take_gap(self, gap):
        if gap["to"] <= self.position[1]:
            return
        if gap["from"] > self.position[1] + 1:
            self.fetch(gap["from"] - 1)
        if gap["recoverable"] == "disk":
            self.fetch(gap["to"])
        else:
            self.lose(self.position[1] + 1, gap["to"], gap["reason"])

    def fetch(self, to):
        """History and what was missed: pages from the one after the position on."""
        while self.position[1] < to:
            page = Batch(self.connection.ask(GET_LOGS, {"id": self.log["id"], "to": to,
                                                        "from": self.position[1] + 1}))
            if page.up_to <= self.position[1]:
                sys.exit(f"a page that does not go on after {self.position[1]}")
            self.print(page)

    def print(self, batch):
        """Entries and holes of (after, upTo] that are after the position, in order."""
        rows = [(seq, "log", (seq, run, stream, line)) for seq, run, stream, line in batch.entries]
        rows += [(first, "gap", (first, last, reason)) for first, last, reason in batch.holes]
        ended = False
        for seq, what, row in sorted(rows):
            if what == "gap":
                self.lose(row[0], row[1], REASONS[row[2]])
            elif seq > self.position[1]:
                _, run, stream, line = row
                self.tell("log", seq=seq, epoch=batch.epoch, run=run,
                          stream=("out", "err", "event")[stream],
                          msg_b64=base64.b64encode(line).decode())
                ended |= stream == 2 and json.loads(line).get("what") == "run-exit"
        self.position = (batch.epoch, batch.up_to)
        if self.options.until_exit and ended:
            raise Done
        if self.options.stop_after_seq and batch.up_to >= self.options.stop_after_seq:
            raise Done

    def lose(self, first, last, reason):
        self.tell("gap", **{"from": first, "to": last, "reason": reason})
        self.position = (self.position[0], last)

    def count(self, dseq):
        if dseq != self.dseq + 1:
            raise Lost(f"dseq {dseq} after {self.dseq}")
        self.dseq = dseq

    def give_back(self, count):
        self.unreturned += count
        if self.unreturned >= WINDOW // 4:
            self.connection.send_json(CREDIT, 1, {"gen": self.gen, "bytes": self.unreturned})
            self.unreturned = 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("name")
    parser.add_argument("--until-exit", action="store_true")
    parser.add_argument("--stop-after-seq", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=30)
    options = parser.parse_args()
    if os.stat(options.socket).st_uid != os.geteuid():
        sys.exit("the socket is somebody else's")
    follower = Follower(options)
    try:
        follower.run()
    except Done:
        follower.out.flush()
        return 0
    except TimeoutError:
        follower.out.flush()
        print("timeout", file=sys.stderr)
        return 7


if __name__ == "__main__":
    sys.exit(main())
