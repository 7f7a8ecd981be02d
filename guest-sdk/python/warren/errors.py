"""Errors of the process API as exceptions, and back."""

from componentize_py_types import Err
from wit_world.imports import types

from .values import WarrenError, decode, encode, readable

NOT_FOUND = "NotFound"
ALREADY_EXISTS = "AlreadyExists"
INVALID = "Invalid"
PERMISSION_DENIED = "PermissionDenied"
UNAVAILABLE = "Unavailable"
INTERNAL = "Internal"
CANCELED = "Canceled"
CONFLICT = "Conflict"
TIMEOUT = "Timeout"
RATE_LIMITED = "RateLimited"


def call(imported, *values):
    """Converts an import's failure to a `WarrenError` of this place."""
    try:
        return imported(*values)
    except Err as failed:
        error = from_wit(failed.value)
    raise error


def from_wit(error):
    """Returns the exception for an error of the WIT."""
    details = None if error.details is None else decode(error.details)
    return WarrenError(
        error.message, kind=error.kind, retryable=error.retryable, details=details, stack=error.stack
    )


def to_wit(error):
    """Returns the error of the WIT for an exception. Raises if its details cannot cross."""
    details = None if error.details is None else encode(error.details, "details")
    # The import would trap at parts of other types.
    kind, message, stack = (part and readable(str(part)) for part in (error.kind, error.message, error.stack))
    retryable = None if error.retryable is None else bool(error.retryable)
    return types.Error(kind or "", message or "", retryable, details, stack or None)
