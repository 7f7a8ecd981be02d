"""Replays the tests of the package `h2` against a server.

    python http2.py HOST:PORT DIRECTORY

DIRECTORY has the sources of `h2`, a library of HTTP/2 whose tests hand bytes to connections of
it. Those that a server of the tests was given are sent to the server, each on a connection of
its own. The server answers `GET /` with 200, and reads no body.

A line of the output has the name of a test, the outcome that it is to have and the one that it
has: `refused` if the library raised an error, and if the server ended the connection or a stream
with an error or answered with another status, else `taken`.

Left out are connections on which the test has acted before, and those that it told to check less.
"""

import os
import socket
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
AT_A_TIME = 64
LIMIT = 240
# A fault that comes in two frames may be met between them by the answer to the first one.
TRIES = 5


class Anything:
    """Hypothesis, whose tests are left out: they are about values, and not about connections."""

    def __getattr__(self, name):
        return self

    def __call__(self, *_, **__):
        # As a decorator it takes the test away.
        return lambda _: None

    def __iter__(self):
        return iter(())


class Recorder:
    """A plugin of pytest that notes what the connections of servers are given."""

    def __init__(self):
        self.test, self.connections = "", []

    def pytest_runtest_setup(self, item):
        self.test = item.nodeid.partition("::")[2]

    def watch(self, connection):
        """Puts watched methods in the place of those of the class of connections."""
        recorder = self
        begin, receive = connection.__init__, connection.receive_data

        def watched_begin(self, *arguments, **options):
            begin(self, *arguments, **options)
            if self.config.client_side or not self.config.validate_inbound_headers:
                return
            self.noted = types.SimpleNamespace(
                test=recorder.test, data=b"", failed=False, is_over=False, is_within=False
            )
            recorder.connections.append(self.noted)

        def watched_receive(self, data):
            noted = getattr(self, "noted", None)
            if noted is None or noted.is_over:
                return receive(self, data)
            noted.data += bytes(data)
            noted.is_within = True
            try:
                return receive(self, data)
            except Exception:
                noted.failed = noted.is_over = True
                raise
            finally:
                noted.is_within = False

        def watched(act):
            def watched_act(self, *arguments, **options):
                noted = getattr(self, "noted", None)
                if noted is not None and not noted.is_within:
                    # Bytes behind an act may be an answer to it.
                    noted.is_over = True
                return act(self, *arguments, **options)

            return watched_act

        harmless = {"initiate_connection", "data_to_send", "clear_outbound_data_buffer"}
        for name, value in list(vars(connection).items()):
            if isinstance(value, types.FunctionType) and not name.startswith("_"):
                if name not in harmless and name != "receive_data":
                    setattr(connection, name, watched(value))
        connection.__init__, connection.receive_data = watched_begin, watched_receive


def recorded(directory):
    """Runs the tests. Returns the connections of servers, each once."""
    for name in ("hypothesis", "hypothesis.strategies", "hypothesis.stateful"):
        sys.modules[name] = Anything()
    sys.path.insert(0, str(directory / "src"))
    import pytest
    import h2.connection

    recorder = Recorder()
    recorder.watch(h2.connection.H2Connection)
    # Results of the tests themselves are none of ours.
    with open(os.devnull, "w") as nowhere:
        output, sys.stdout = sys.stdout, nowhere
        try:
            options = ["-q", "-p", "no:cacheprovider", f"--rootdir={directory}"]
            pytest.main([*options, str(directory / "tests")], plugins=[recorder])
        finally:
            sys.stdout = output
    found = {}
    for noted in recorder.connections:
        if noted.data.startswith(PREFACE):
            found.setdefault((noted.data, noted.failed), noted)
    return list(found.values())


def frames_of(data):
    """Returns the frames of the server: kind, stream and payload."""
    frames = []
    while len(data) >= 9:
        length = int.from_bytes(data[:3], "big")
        stream = int.from_bytes(data[5:9], "big")
        frames.append((data[3], stream, data[9 : 9 + length]))
        data = data[9 + length :]
    return frames


def is_error(frame):
    kind, _, payload = frame
    if kind == 1:
        # The status 200 is the first field.
        return payload[:1] != b"\x88"
    if kind == 3:
        # Without an error: the server does not need the rest of a body.
        return int.from_bytes(payload, "big") != 0
    return kind == 7 and int.from_bytes(payload[4:8], "big") != 0


def is_refused(address, data):
    host, port = address.rsplit(":", 1)
    answer = b""
    with socket.create_connection((host, int(port)), timeout=LIMIT) as client:
        try:
            client.sendall(data)
            while read := client.recv(65536):
                answer += read
        except (BrokenPipeError, ConnectionResetError):
            pass
    return any(is_error(frame) for frame in frames_of(answer))


def outcome(address, noted):
    tries = TRIES if noted.failed else 1
    return any(is_refused(address, noted.data) for _ in range(tries))


def main():
    address, directory = sys.argv[1:]
    connections = recorded(Path(directory))
    words = {False: "taken", True: "refused"}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        outcomes = pool.map(lambda noted: outcome(address, noted), connections)
        for noted, refused in zip(connections, outcomes):
            print(noted.test, words[noted.failed], words[refused], sep="\t")


if __name__ == "__main__":
    main()
