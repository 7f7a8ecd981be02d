"""Values that cross from process to process, and their bytes (MessagePack, as
docs/guest-abi.md fixes it).

    nil                None
    boolean            bool
    integer            int, within 64 bits signed
    float              float
    string             str
    string of bytes    bytes; written from bytearray and memoryview too
    array              list; written from tuple too
    map                dict; keys are str, bytes, int, float or bool. One with keys that
                       are one to Python (1, 1.0 and True) is read as Pairs
    structured error   WarrenError; written from any exception
"""

import msgpack

MAX_DEPTH = 100
# An event holds a map, which holds an outcome, which holds a value.
MAX_READ_DEPTH = MAX_DEPTH + 8
"""Maximum nesting of values."""

MAX_MESSAGE = 1 << 20
"""Bytes of the longest value that crosses: no host's `max_message` is more."""

_ERROR = 1
_NULL = 2


class WarrenError(Exception):
    """A structured error: the error of a failed call, and of a process that failed."""

    def __init__(self, message, *, kind="", retryable=None, details=None, stack=None):
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.retryable = retryable
        self.details = details
        self.stack = stack


class Pairs(list):
    """A map as a list of its keys and values."""


def encode(value, what):
    """Returns the bytes of one value; `what` begins the path in messages. Raises a
    `WarrenError` of kind Invalid if it cannot cross."""
    room = _Room(what)
    return room.checked(_pack(_ready(value, what, [], room)))


def encode_all(values, what):
    """Returns the bytes of n values."""
    room = _Room(what)
    ready = [_ready(value, f"{what}[{index}]", [], room) for index, value in enumerate(values)]
    return room.checked(_pack(ready))


def decode(data):
    """Returns the value of bytes. Raises a `WarrenError` if they are not a value."""
    try:
        return _unpack(data, MAX_READ_DEPTH)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise _invalid(f"not a value: {error or type(error).__name__}") from error


def decode_all(data):
    """Returns the n values of bytes."""
    values = decode(data)
    if not isinstance(values, list):
        raise _invalid("not an array of values")
    return values


def _invalid(message, details=None):
    return WarrenError(message, kind="Invalid", details=details)


def _pack(value):
    return msgpack.packb(value, use_bin_type=True, strict_types=True, default=_plain)


class _Room:
    """Counts the encoded bytes, so that encoding ends at the limit, however often one
    list is reached."""

    def __init__(self, what):
        self.what = what
        self.left = MAX_MESSAGE

    def take(self, count):
        """Counts bytes that will follow, at least."""
        self.left -= count
        if self.left < 0:
            raise self.too_large()

    def checked(self, data):
        if len(data) > MAX_MESSAGE:
            raise self.too_large()
        return data

    def too_large(self):
        return _invalid(
            f"{self.what}: more than {MAX_MESSAGE} bytes (max_message) cannot leave the process",
            {"limit": "max_message", "value": MAX_MESSAGE},
        )


class _Key:
    """A key that equals no other key."""

    def __init__(self, key):
        self.key = key


def _plain(value):
    if isinstance(value, _Key):
        return value.key
    raise TypeError(f"a {type(value).__name__} among values that were checked")


def _ready(value, path, around, room):
    """Returns the value as the packer takes it."""
    room.take(1 + (len(value) if isinstance(value, (str, bytes, bytearray)) else 0))
    if value is None or isinstance(value, (bool, str)):
        return _text(value, path)
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise _invalid(f"{path}: {value} does not fit 64 bits")
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        room.take(value.nbytes if isinstance(value, memoryview) else 0)
        return bytes(value)
    if not isinstance(value, (list, tuple, dict, BaseException)):
        raise _invalid(f"{path}: a {type(value).__name__} cannot leave its process")
    if any(value is outer for outer in around):
        raise _invalid(f"{path}: it contains itself")
    if len(around) == MAX_DEPTH:
        raise _invalid(
            f"{path}: nested deeper than {MAX_DEPTH}", {"limit": "max_nesting", "value": MAX_DEPTH}
        )
    inside = [*around, value]
    if isinstance(value, (dict, Pairs)):
        pairs = value.items() if isinstance(value, dict) else value
        return {
            _Key(_key(key, path, room)): _ready(item, _below(path, key), inside, room) for key, item in pairs
        }
    if isinstance(value, BaseException):
        error = as_error(value)
        details = _ready(error.details, f"{path}.details", inside, room)
        room.take(sum(len(part) for part in (error.kind, error.message, error.stack) if isinstance(part, str)))
        kind, message, stack = (_text(part, path) for part in (error.kind, error.message, error.stack))
        parts = [kind, message, error.retryable, details, stack]
        return msgpack.ExtType(_ERROR, _pack(parts))
    return [_ready(item, f"{path}[{index}]", inside, room) for index, item in enumerate(value)]


def as_error(thrown):
    """Converts any exception to a structured error; exceptions of other classes are bugs."""
    if isinstance(thrown, WarrenError):
        return thrown
    name, text = type(thrown).__name__, str(thrown)
    return WarrenError(f"{name}: {text}" if text else name, kind="Internal")


def text(value, what, optional=False):
    """Returns text for an import, which would trap at another value, and at half a
    surrogate pair."""
    if value is None and optional:
        return None
    if not isinstance(value, str):
        raise _invalid(f"{what}: a string was expected, not {type(value).__name__}")
    return _whole(value, f"{what}: a string with half a surrogate pair")


def readable(value):
    """Returns text for people, with half a surrogate pair as its escape."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _text(value, path):
    return _whole(value, f"{path}: a string with half a surrogate pair; send its bytes")


def _whole(value, message):
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _invalid(message) from None
    return str(value)


def _key(key, path, room):
    if key != key:
        raise _invalid(f"{path}: a key cannot be NaN")
    if not isinstance(key, (str, bytes, int, float, bool)):
        raise _invalid(f"{path}: a key is a string, a number or a boolean, not {type(key).__name__}")
    return _ready(key, path, [], room)


def _below(path, key):
    return f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]"


def _unpack(data, depth):
    unpacker = msgpack.Unpacker(
        None,
        raw=False,
        strict_map_key=False,
        unicode_errors="surrogateescape",
        max_buffer_size=max(len(data), 1),
        list_hook=_as_it_is,
        object_pairs_hook=_map,
        ext_hook=lambda code, content: _extension(code, content, depth),
    )
    unpacker.feed(data)
    try:
        value = unpacker.unpack()
    except msgpack.OutOfData:
        raise ValueError("the bytes end within a value") from None
    if unpacker.tell() != len(data):
        raise ValueError("bytes follow the value")
    return _read(value, depth)


def _as_it_is(items):
    return items


class _Map(list):
    """The unread pairs of a map."""


def _map(pairs):
    return _Map(pairs)


def _read(value, depth):
    """Returns the value as programs see it."""
    if isinstance(value, msgpack.Timestamp):
        # The library reads this extension itself, without asking the hook.
        raise ValueError("an extension of type -1")
    if isinstance(value, int) and value >= 1 << 63:
        return float(value)
    if isinstance(value, str):
        # Bytes that were not UTF-8.
        return value if value.isascii() or not _is_escaped(value) else value.encode(errors="surrogateescape")
    if not isinstance(value, list):
        return value
    if depth == 0:
        raise ValueError(f"nested deeper than {MAX_READ_DEPTH}")
    if isinstance(value, _Map):
        pairs = [(_hashable(key), _read(item, depth - 1)) for key, item in value]
        read = dict(pairs)
        return read if len(read) == len(pairs) else Pairs(pairs)
    return [_read(item, depth - 1) for item in value]


def _is_escaped(text):
    return any("\udc80" <= character <= "\udcff" for character in text)


def _hashable(key):
    if not isinstance(key, (str, bytes, int, float, bool)) or key != key:
        raise ValueError("a key of another type than str, bytes, int, float or bool, or NaN")
    return _read(key, 1)


def _extension(code, content, depth):
    if code == _NULL:
        return None
    if code != _ERROR:
        raise ValueError(f"an extension of type {code}")
    parts = _unpack(content, depth)
    if not isinstance(parts, list) or len(parts) < 2:
        raise ValueError("an error that is not an array")
    kind, message, retryable, details, stack, *_ = [*parts, None, None, None]
    if not isinstance(kind, (str, bytes)) or not isinstance(message, (str, bytes)):
        raise ValueError("an error without kind and message")
    if retryable is not None and not isinstance(retryable, bool):
        raise ValueError("an error whose retryable is not a boolean")
    if stack is not None and not isinstance(stack, (str, bytes)):
        raise ValueError("an error whose stack is not text")
    stack = None if stack is None else _lossy(stack)
    return WarrenError(_lossy(message), kind=_lossy(kind), retryable=retryable, details=details, stack=stack)


def _lossy(value):
    """Returns text for people. Other languages may have written bytes that are not UTF-8."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
