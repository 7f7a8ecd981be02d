"""Runs the cases of Autobahn|Testsuite, unmodified, against a server of WebSockets.

    python websocket.py HOST:PORT PATH DIRECTORY

DIRECTORY has the sources of the package `autobahntestsuite`. Its cases are written for Python 2
and for Twisted: this file is the part of both that they use. A text of Python 2 is bytes; here it
is a text whose characters are those bytes.

The server answers each message with a text frame of JSON, whose field `data` has the bytes of the
message in hexadecimal digits. A line of the output has the number of a case, its outcome and that
of its closing handshake, with tabs between.

Left out are the cases 9, whose messages are larger than the server takes, and 12 and 13, which
are about compression.
"""

import binascii
import heapq
import json
import re
import select
import socket
import struct
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CATEGORIES = ("1", "2", "3", "4", "5", "6", "7", "10")
AT_A_TIME = 16
# A case that takes longer has no end.
LIMIT = 240.0
# The time of a server to close the connection behind its last frame.
FAREWELL = 20.0
# Delays of the cases are longer here, so that a busy machine is no fault.
SLOWER = 4


def octets(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


class Connection:
    """A client, as the cases see it."""

    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    STATE_CLOSED, STATE_OPEN, STATE_CLOSING = 0, 3, 2

    def __init__(self, address, path):
        self.factory = types.SimpleNamespace(isServer=False)
        self.address, self.path = address, path
        self.state = self.STATE_OPEN
        self.connectionWasOpen = False
        self.closedByMe = self.failedByMe = self.droppedByMe = self.wasClean = False
        self.remoteCloseCode = self.remoteCloseReason = None
        self.localCloseCode = self.localCloseReason = None
        self.autoFragmentSize = 0
        self.txFrameStats = {}
        self.timers, self.number = [], 0
        # The kinds of the messages that were sent, of which the server says nothing.
        self.kinds = []
        self.buffer = b""

    def run(self, case):
        host, port = self.address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.case = case(self)
        try:
            self.open()
            self.case.onOpen()
            self.loop()
        except OSError:
            pass
        finally:
            self.state = self.STATE_CLOSED
            self.socket.close()
        self.case.onConnectionLost(self.failedByMe)

    def open(self):
        self.socket.sendall(
            (
                f"GET {self.path} HTTP/1.1\r\nHost: {self.address}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ).encode()
        )
        while b"\r\n\r\n" not in self.buffer:
            read = self.socket.recv(4096)
            if not read:
                raise OSError("no handshake")
            self.buffer += read
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise OSError(head)
        self.connectionWasOpen = True

    def loop(self):
        deadline = time.monotonic() + LIMIT
        while self.state != self.STATE_CLOSED:
            while self.frame():
                pass
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError(f"{type(self.case).__name__} has no end")
            if self.timers and self.timers[0][0] <= now:
                heapq.heappop(self.timers)[2]()
                continue
            until = min(self.timers[0][0] if self.timers else deadline, deadline)
            readable, _, _ = select.select([self.socket], [], [], until - now)
            if readable:
                read = self.socket.recv(65536)
                if not read:
                    return
                self.buffer += read

    def frame(self):
        """Handles a frame of the server. Returns false if none is there."""
        if len(self.buffer) < 2:
            return False
        first, length = self.buffer[0], self.buffer[1]
        at = 2
        if length >= 126:
            form, size = (">H", 2) if length == 126 else (">Q", 8)
            if len(self.buffer) < at + size:
                return False
            (length,) = struct.unpack_from(form, self.buffer, at)
            at += size
        if len(self.buffer) < at + length:
            return False
        payload = self.buffer[at : at + length]
        self.buffer = self.buffer[at + length :]
        self.take(first, payload)
        return True

    def take(self, first, payload):
        kind = first & 0x0F
        if first & 0xF0 != 0x80:
            raise AssertionError("the server sends whole frames without bits")
        if kind == 8:
            self.wasClean = True
            if len(payload) >= 2:
                (self.remoteCloseCode,) = struct.unpack_from(">H", payload)
                self.remoteCloseReason = payload[2:].decode("utf-8")
            if self.state == self.STATE_OPEN:
                self.state = self.STATE_CLOSING
                self.send(8, payload[:2])
            # The server closes the connection, or the client does at last.
            self.later(FAREWELL, self.drop)
        elif self.state == self.STATE_OPEN and kind == 1:
            message = bytes.fromhex(json.loads(payload)["data"]).decode("latin-1")
            self.case.onMessage(message, self.kinds.pop(0) == 2)
        elif self.state == self.STATE_OPEN and kind == 9:
            self.case.onPing(payload.decode("latin-1"))
        elif self.state == self.STATE_OPEN and kind == 10:
            self.case.onPong(payload.decode("latin-1"))

    def drop(self):
        self.droppedByMe = True
        self.state = self.STATE_CLOSED

    def later(self, delay, act):
        self.number += 1
        heapq.heappush(self.timers, (time.monotonic() + delay, self.number, act))

    def send(self, opcode, payload, fin=True, rsv=0, chop=None):
        payload = octets(payload)
        self.txFrameStats[opcode] = self.txFrameStats.get(opcode, 0) + 1
        head = bytes([(0x80 if fin else 0) | (rsv % 8) << 4 | opcode])
        if len(payload) <= 125:
            head += bytes([0x80 | len(payload)])
        elif len(payload) <= 0xFFFF:
            head += struct.pack(">BH", 0xFE, len(payload))
        else:
            head += struct.pack(">BQ", 0xFF, len(payload))
        # A mask without bits leaves the payload as it is.
        self.write(head + bytes(4) + payload, chop)

    def write(self, data, chop=None):
        try:
            for at in range(0, len(data), chop or len(data)):
                self.socket.sendall(data[at : at + (chop or len(data))])
        except OSError:
            # The server has closed the connection: its last words may be there.
            pass

    # From here on the names are those of the cases.

    def sendFrame(self, opcode, payload="", fin=True, rsv=0, mask=None, payload_len=None,
                  chopsize=None, sync=False):
        if self.state == self.STATE_CLOSED:
            return
        if opcode in (1, 2):
            self.kinds.append(opcode)
        self.send(opcode, payload, fin, rsv, chopsize)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None):
        opcode, payload = (2 if isBinary else 1), octets(payload)
        self.kinds.append(opcode)
        size = fragmentSize or self.autoFragmentSize or max(len(payload), 1)
        for at in range(0, max(len(payload), 1), size):
            last = at + size >= len(payload)
            self.send(0 if at else opcode, payload[at : at + size], last)

    def beginMessage(self, isBinary=False):
        self.opcode = 2 if isBinary else 1
        self.kinds.append(self.opcode)

    def beginMessageFrame(self, length):
        self.write(struct.pack(">BBQ", self.opcode, 0xFF, length) + bytes(4))
        self.opcode = 0

    def sendMessageFrameData(self, payload, sync=False):
        self.write(octets(payload))

    def endMessage(self):
        self.send(0, b"")

    def sendClose(self, code=None, reason=None):
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code, reason)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        self.state = self.STATE_CLOSING
        self.closedByMe = not isReply
        self.localCloseCode, self.localCloseReason = code, reasonUtf8
        payload = struct.pack(">H", code) if code is not None else b""
        self.send(8, payload + octets(reasonUtf8 or ""))

    def killAfter(self, delay):
        self.later(delay * SLOWER, self.kill)

    def kill(self):
        self.failedByMe = True
        self.drop()

    def closeAfter(self, delay):
        self.later(delay, lambda: self.close_when_done(LIMIT))

    def close_when_done(self, left):
        """Closes once the answers have come that the case expects, which may take a while."""
        is_done = any(self.case.received == expected for expected in self.case.expected.values())
        if is_done or left < 0:
            self.sendClose()
        else:
            self.later(0.2, lambda: self.close_when_done(left - 20))

    def continueLater(self, delay, act, tag=None):
        self.later(delay, lambda: self.state != self.STATE_CLOSED and act())


class Utf8Validator:
    """Says whether bytes are UTF-8, and whether they end with a whole character."""

    def reset(self):
        pass

    def validate(self, text):
        for cut in range(4):
            try:
                octets(text)[: len(text) - cut].decode("utf-8")
            except UnicodeDecodeError as error:
                if error.reason != "unexpected end of data":
                    return False, False, error.start, error.start
            else:
                return True, cut == 0, len(text), len(text)
        return False, False, 0, 0


class Cases:
    """The modules of the cases, which import each other as those of Python 2 do."""

    def __init__(self, directory):
        self.directory = directory
        self.modules = {}

    def module(self, name):
        if name in self.modules:
            return self.modules[name]
        module = self.modules[name] = types.ModuleType(name)
        source = (self.directory / f"{name}.py").read_text("latin-1")
        source = re.sub(r"(?m)^(\s*)print\b.*$", r"\1pass", source)
        # The quotient of whole numbers is one.
        source = source.replace(" / ", " // ")
        # Classes of Python 2 are made of another one.
        source = source.replace("(object, Case, )", "(Case,)")
        space = module.__dict__
        space.update(
            xrange=range,
            unichr=chr,
            __builtins__=dict(vars(__import__("builtins")), __import__=self.importing),
        )
        exec(compile(source, name, "exec"), space)
        return module

    def importing(self, name, *arguments):
        if name == "autobahn.websocket.protocol":
            return types.SimpleNamespace(WebSocketProtocol=Connection)
        if name == "autobahn.websocket.utf8validator":
            return types.SimpleNamespace(Utf8Validator=Utf8Validator)
        if name == "binascii":
            digits = lambda text: binascii.b2a_hex(octets(text)).decode()
            return types.SimpleNamespace(b2a_hex=digits)
        if name.startswith("case"):
            return self.module(name)
        return __import__(name, *arguments)

    def all(self):
        """Returns the cases by their numbers."""
        base = self.module("case").Case
        base.compare = lambda self, one, other: one == other
        found = {}
        for path in sorted(self.directory.glob("case*_*.py")):
            if path.stem[4:].split("_")[0] not in CATEGORIES:
                continue
            for value in vars(self.module(path.stem)).values():
                for case in value if isinstance(value, list) else [value]:
                    if isinstance(case, type) and issubclass(case, base) and case is not base:
                        found[case.__name__.removeprefix("Case").replace("_", ".")] = case
        return found


def outcome(address, path, case):
    connection = Connection(address, path)
    connection.run(case)
    return connection.case.behavior, connection.case.behaviorClose


def main():
    address, path, directory = sys.argv[1:]
    cases = Cases(Path(directory) / "autobahntestsuite/case").all()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        outcomes = pool.map(lambda case: outcome(address, path, case), cases.values())
        for number, (behavior, closing) in zip(cases, outcomes):
            print(number, behavior, closing, sep="\t")


if __name__ == "__main__":
    main()
