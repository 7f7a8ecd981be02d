"""Sends the requests of gunicorn's tests, valid and invalid ones, to a server.

    python http1.py HOST:PORT DIRECTORY

DIRECTORY has the sources of the package `gunicorn`. The server answers each request with its
method, the end of a line and its body.

A line of the output has the name of a file, the outcome that it is to have and the one that it
has: `taken` if all of its requests were answered with what they say, `refused` if none was
answered, else the status of the answers.

Left out are files for settings of gunicorn itself.
"""

import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

AT_A_TIME = 16
LIMIT = 240


class Modules:
    """The modules of gunicorn that the files import: they name its settings and its errors."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, name):
        return Modules(name)

    def __call__(self, *_, **__):
        return self

    def set(self, *_):
        return self


def bytes_of(path):
    """Returns the bytes of a file, where line ends and some other bytes are written out."""
    data = path.read_bytes().replace(b"\n", b"")
    for text, byte in [(b"\\r\\n", b"\r\n"), (b"\\0", b"\0"), (b"\\n", b"\n"), (b"\\t", b"\t")]:
        data = data.replace(text, byte)
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda match: bytes.fromhex(match[1].decode()), data)


def expected_of(path):
    """Returns the request or requests that a file beside another one describes."""
    for name in ("gunicorn", "gunicorn.config", "gunicorn.http", "gunicorn.http.errors"):
        sys.modules[name] = Modules(name)
    space = {"uri": lambda raw: raw, "cfg": Modules("cfg")}
    exec(compile(path.read_text(), path.name, "exec"), space)
    request = space["request"]
    return request if isinstance(request, list) else [request]


def with_host(data):
    """Adds the field that HTTP/1.1 asks for, where a head has none."""
    done = b""
    while match := re.search(rb" HTTP/1\.[01]\r\n", data):
        # The end of the line is a part of that of a head without fields.
        line, data = data[: match.end() - 2], data[match.end() - 2 :]
        head, _, body = data.partition(b"\r\n\r\n")
        if line.endswith(b"1.1") and not re.search(rb"(?im)^host:", head):
            line += b"\r\nHost: a"
        length = re.search(rb"(?im)^content-length: *([0-9]+)", head)
        rest = body[int(length[1]) :] if length else body
        done += line + data[: len(data) - len(rest)]
        data = rest
    return done + data


def answers_to(address, data):
    """Returns the answers to bytes: pairs of a status and a body."""
    host, port = address.rsplit(":", 1)
    answer = b""
    with socket.create_connection((host, int(port)), timeout=LIMIT) as client:
        try:
            client.sendall(data)
            while read := client.recv(65536):
                answer += read
        except (BrokenPipeError, ConnectionResetError):
            pass
    answers = []
    while answer:
        head, answer = answer.split(b"\r\n\r\n", 1)
        status = int(head[9:12])
        length = re.search(rb"(?im)^content-length: *([0-9]+)", head)
        length = int(length[1]) if length else 0
        if status != 100:
            answers.append((status, answer[:length]))
        answer = answer[length:]
    return answers


def outcome(address, path):
    data, is_valid = bytes_of(path), path.parent.name == "valid"
    expected = expected_of(path.with_suffix(".py"))
    answers = answers_to(address, with_host(data) if is_valid else data)
    if is_valid:
        wanted = [
            (200, request["method"].encode() + b"\n" + request["body"]) for request in expected
        ]
        if answers == wanted:
            return "taken"
    elif all(status >= 400 for status, _ in answers):
        return "refused"
    return ",".join(str(status) for status, _ in answers)


def main():
    address, directory = sys.argv[1:]
    requests = Path(directory) / "tests/requests"
    paths = [
        path
        for kind in ("invalid", "valid")
        for path in sorted((requests / kind).glob("*.http"))
        if "cfg.set" not in path.with_suffix(".py").read_text()
    ]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        outcomes = pool.map(lambda path: outcome(address, path), paths)
        for path, found in zip(paths, outcomes):
            kind = path.parent.name
            wanted = "taken" if kind == "valid" else "refused"
            print(f"{kind}/{path.stem}", wanted, found, sep="\t")


if __name__ == "__main__":
    main()
