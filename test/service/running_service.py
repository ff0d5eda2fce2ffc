"""Starts the service for a test, and talks HTTP with it."""

import http.client
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import zlib

PATIENCE = 60  # seconds; a bound for a machine that is slow, and no test waits for it to pass
UNAVAILABLE = 69  # what the service exits with if the system has no sandboxes
SKIPPED = 77


def png(width=8, height=4):
    """Makes an image of one colour."""

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    rows = b"".join(b"\0" + b"\x20\x80\xc0" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Service:
    """A running service, on a port of its own."""

    def __init__(self, program, *arguments, port=0, errors=None):
        self.process = subprocess.Popen([program, "--port", str(port), *arguments], stdout=subprocess.PIPE, stderr=errors,
                                        text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.stdout.close()
            if self.process.wait() == UNAVAILABLE:
                print("skipped: this system has no sandboxes")
                sys.exit(SKIPPED)
            raise RuntimeError(f"the service does not start: {line!r}")
        self.url = line.split()[-1]
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def connect(self, source="127.0.0.1"):
        """Connects. Every address of 127.0.0.0/8 is one of this machine, and a client of its own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE, source_address=(source, 0))

    def ask(self, method, path, body=None, source="127.0.0.1", **headers):
        """Sends a request on a connection of its own; returns the response, with its body read."""
        connection = self.connect(source)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            response = connection.getresponse()
            response.content = response.read()
            return response
        finally:
            connection.close()

    def post(self, path, body=b"", **headers):
        headers.setdefault("X_Isolatte", "1")
        return self.ask("POST", path, body, **headers)

    def send_file(self, content, name="file", **more):
        return self.post("/api/files", content, Content_Type="application/octet-stream", X_File_Name=name, **more)

    def send_pattern(self, pattern, text):
        return self.post("/api/patterns", json.dumps({"pattern": pattern, "text": text}),
                         Content_Type="application/json")

    def events(self, last=None):
        return Events(self, last)

    def begin_upload(self, size, source="127.0.0.1", begin=b""):
        """Sends the head of an upload, and waits until the service wants the body, unless a part of that comes along."""
        return Upload(self, size, source, begin)

    def end_of(self, response, events=None):
        """Waits until the job that a response tells of has ended, and returns all about it."""
        if response.status != 202:
            raise AssertionError(f"{response.status}: {response.content}")
        number = json.loads(response.content)["id"]
        with events or self.events() as stream:
            stream.until(lambda kind, data: any(job["id"] == number and job["state"] == "ended"
                                                for job in jobs_in(kind, data)))
        return json.loads(self.ask("GET", f"/api/jobs/{number}").content)

    def children(self):
        """The processes that the service has made, and theirs."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as file:
                        parent = int(file.read().rpartition(")")[2].split()[1])
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if parent == self.process.pid:
                    found.append(int(entry))
        return found

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        """Waits for the end; returns the exit status and the last line."""
        rest = self.process.stdout.read().splitlines()
        return self.process.wait(PATIENCE), rest[-1] if rest else ""


def jobs_in(kind, data):
    return data["jobs"] if kind == "snapshot" else [data["job"]] if kind == "job" else []


class Upload:
    """An upload whose body is sent piece by piece."""

    def __init__(self, service, size, source, begin):
        self.socket = socket.create_connection(("127.0.0.1", service.port), PATIENCE, (source, 0))
        self.answers = self.socket.makefile("rb")
        head = (b"POST /api/files HTTP/1.1\r\nHost: localhost\r\nX-Isolatte: 1\r\n"
                b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n" % size)
        if begin:
            self.send(head + b"\r\n" + begin)
            return
        self.send(head + b"Expect: 100-continue\r\n\r\n")
        self.first = self.status()
        if self.first == 100:
            self.answers.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answers.close()
        self.socket.close()

    def send(self, content):
        self.socket.sendall(content)

    def status(self):
        """Waits for an answer."""
        return int(self.answers.readline().split()[1])

    def has_answer(self, seconds):
        return bool(select.select([self.socket], [], [], seconds)[0])


class Events:
    """A stream of server-sent events."""

    def __init__(self, service, last=None):
        self.connection = service.connect()
        self.connection.request("GET", "/api/events", headers={"Last-Event-ID": last} if last else {})
        self.response = self.connection.getresponse()
        self.last = last

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.response.close()

    def __iter__(self):
        kind = data = None
        for line in self.response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                self.last = value
            elif name == "event":
                kind = value
            elif name == "data":
                data = json.loads(value)
            elif name == "" and kind:
                yield kind, data
                kind = data = None

    def until(self, wanted):
        """Reads events up to one that is wanted, and returns that."""
        for kind, data in self:
            if wanted(kind, data):
                return kind, data
        raise AssertionError("the stream has ended before")

    @property
    def is_at_end(self):
        return self.response.read() == b""


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
