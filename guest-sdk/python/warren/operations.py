"""Operations of the runtime, and of the program that embeds it."""

from .errors import call as attempt
from .imports import capability
from .receiving import Pending
from .values import decode, encode_all, text


def call(operation, *args):
    """Calls an operation, such as `hash.sha256`, and waits for its value.
    docs/guest-abi.md lists the operations of the runtime."""
    called = attempt(capability.call, text(operation, "operation"), encode_all(args, "arguments"))
    if isinstance(called, capability.Called_Pending):
        return Pending(called.value).result()
    return decode(called.value)
