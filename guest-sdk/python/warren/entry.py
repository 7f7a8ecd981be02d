"""The way from `start` to the function that the process runs, and back."""

import gc
import io
import os
import random
import sys
import traceback

import wit_world
from componentize_py_types import Err

from .errors import from_wit, to_wit
from .imports import begin, program, random as randomness, stdio
from .logger import file_name
from .values import WarrenError, as_error, decode_all, encode, readable


def main(run=None):
    """Makes a function the process's code. It gets the arguments; its return value
    is the result, and an exception is the error the process ends with."""
    if not callable(run):
        raise TypeError("@warren.main stands above the function of the process, without parentheses")

    class WitWorld(wit_world.WitWorld):
        def start(self):
            _begin()
            try:
                result = run(*decode_all(program.arguments()))
                program.finish(None if result is None else encode(result, "result"))
            except BaseException as thrown:
                _fail(thrown)
            _flush()

    # componentize-py looks for the class in this module.
    sys.modules[run.__module__].WitWorld = WitWorld
    return run


def _begin():
    """Sets the state that must not come from the snapshot taken at the build."""
    begin()
    sys.stdout, sys.stderr = _Output(stdio.Stream.STDOUT), _Output(stdio.Stream.STDERR)
    random.seed(randomness.bytes(32))


def _fail(thrown):
    if isinstance(thrown, SystemExit):
        if thrown.code is not None and not isinstance(thrown.code, int):
            print(readable(str(thrown.code)), file=sys.stderr)
        _flush()
        program.exit(thrown.code if isinstance(thrown.code, int) else 0 if thrown.code is None else 1)
    error = from_wit(thrown.value) if isinstance(thrown, Err) else as_error(thrown)
    if isinstance(thrown, MemoryError):
        # The runtime knows the reason by this kind, and adds the limit.
        error.kind = "OutOfMemory"
    frames = _frames(thrown)
    if error.stack is None:
        error.stack = "".join(frames.format()).rstrip() or None
    if not isinstance(thrown, WarrenError) and frames:
        error.message = f"{frames[-1].filename}:{frames[-1].lineno}: {error.message}"
    try:
        program.fail(to_wit(error))
    except WarrenError as reason:
        # The details cannot cross.
        program.fail(to_wit(reason))


def _flush():
    """Flushes printed output, and files that were not closed: nothing is finalized at
    the end of an instance."""
    sys.stdout.flush()
    sys.stderr.flush()
    for kept in gc.get_objects():
        if issubclass(type(kept), io.IOBase):
            try:
                kept.closed or kept.flush()
            except (OSError, ValueError) as reason:
                print(f"{type(kept).__name__}: {reason}", file=sys.stderr)
    sys.stderr.flush()


# The directory of this SDK, whose calls are none of the program.
_SDK = os.path.dirname(__file__) + "/"


def _frames(thrown):
    """Returns the calls of the program, with the names of files as the program has them."""
    frames = [frame for frame in traceback.extract_tb(thrown.__traceback__) if not frame.filename.startswith(_SDK)]
    for frame in frames:
        # Looked up by the name in the component.
        _ = frame.line
        frame.filename = file_name(frame.filename)
    return traceback.StackSummary.from_list(frames)


class _Output:
    """Standard output or error of the process: lines of processes never mix."""

    encoding = "utf-8"

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        stdio.write(self._stream, text.encode(errors="surrogateescape"))
        return len(text)

    def flush(self):
        stdio.flush(self._stream)

    def writable(self):
        return True

    def isatty(self):
        return False
