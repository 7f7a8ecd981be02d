"""Write warren processes in Python; README.md begins.

Every call blocks the process until it is done, as receiving does: there is
nothing to await. Times are seconds. A call that fails raises a `WarrenError`.
"""

import random as _random
import sys
import traceback
from dataclasses import dataclass
from types import SimpleNamespace

import wit_world
from componentize_py_types import Err
from wit_world.imports import (
    clock,
    logger as logging,
    mailbox,
    process,
    program,
    random as randomness,
    registry,
    security as rights,
    stdio,
    types,
)
from wit_world.imports import context as context_values

from values import Pairs, WarrenError, as_error, decode, decode_all, encode, encode_all

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


# --- What you write


def main(run):
    """Makes a function what the process runs. It is given the arguments; what
    it returns is the result, and what it raises is what the process ends
    with."""

    class WitWorld(wit_world.WitWorld):
        def start(self):
            _begin()
            try:
                result = run(*decode_all(program.arguments()))
                program.finish(None if result is None else encode(result, "result"))
            except BaseException as thrown:
                _fail(thrown)
            sys.stdout.flush()
            sys.stderr.flush()

    # Where componentize-py looks for it.
    sys.modules[run.__module__].WitWorld = WitWorld
    return run


def _begin():
    """What the snapshot that was taken at the build must not decide."""
    sys.stdout, sys.stderr = _Output(stdio.Stream.STDOUT), _Output(stdio.Stream.STDERR)
    _random.seed(randomness.bytes(32))


def _fail(thrown):
    if isinstance(thrown, SystemExit):
        sys.stdout.flush()
        program.exit(thrown.code if isinstance(thrown.code, int) else 0 if thrown.code is None else 1)
    error = _from_wit(thrown.value) if isinstance(thrown, Err) else as_error(thrown)
    place = _place(thrown)
    if error.stack is None:
        error.stack = "".join(traceback.format_tb(thrown.__traceback__)).rstrip() or None
    if not isinstance(thrown, WarrenError) and place:
        error.message = f"{place}: {error.message}"
    try:
        program.fail(_to_wit(error))
    except WarrenError as reason:
        # Details that cannot cross.
        program.fail(_to_wit(reason))


def _place(thrown):
    """File and line of the call that raised it."""
    frames = traceback.extract_tb(thrown.__traceback__)
    return f"{_name(frames[-1].filename)}:{frames[-1].lineno}" if frames else None


def _name(path):
    """A file's name without the place where the build put it."""
    return path.lstrip("/").partition("/")[2] or path


class _Output:
    """Standard output or error as the process has it: lines never mix."""

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


def _call(imported, *values):
    """Makes an import's failure a `WarrenError` of this place."""
    try:
        return imported(*values)
    except Err as failed:
        error = _from_wit(failed.value)
    raise error


def _from_wit(error):
    details = None if error.details is None else decode(error.details)
    return WarrenError(
        error.message, kind=error.kind, retryable=error.retryable, details=details, stack=error.stack
    )


def _to_wit(error):
    details = None if error.details is None else encode(error.details, "details")
    return types.Error(error.kind, error.message, error.retryable, details, error.stack)


# --- Itself and others


def pid():
    """The text of this process's PID."""
    return process.pid()


def frame_id():
    """The identifier of this call chain."""
    return process.frame_id()


def send(to, topic, *values):
    """Queues one message of n values for a PID or a name."""
    _call(process.send, to, topic, encode_all(values, "payload"))


def spawn(definition, host, *args, monitored=False, linked=False, **options):
    """Starts a process and returns its PID. `options` are `context`, `actor`
    (an `Actor`), `scope` (policy ids), `name`, and `messages`, each of which is
    `(topic, value, ...)`."""
    relation = process.Relation(0)
    if monitored:
        relation |= process.Relation.MONITORED
    if linked:
        relation |= process.Relation.LINKED
    encoded = encode_all(args, "arguments")
    return _call(process.spawn, definition, host, encoded, relation, _options(**options))


def exec(definition, host, *args, **options):
    """Starts a process, waits for its end and returns its result; raises what
    it failed with."""
    return exec_start(definition, host, *args, **options).result()


def exec_start(definition, host, *args, **options):
    """The same in two steps, the second of which is `result`, or `select`."""
    encoded = encode_all(args, "arguments")
    return Pending(_call(process.exec, definition, host, encoded, _options(**options)))


def _options(context=None, actor=None, scope=None, name=None, messages=()):
    return process.SpawnOptions(
        None if context is None else encode(context, "context"),
        None if actor is None else rights.Identity(actor.id, encode(actor.meta, "actor.meta")),
        None if scope is None else rights.PolicySet(list(scope)),
        name,
        [
            process.FirstMessage(topic, encode_all(values, f"messages.{topic}"))
            for topic, *values in messages
        ],
    )


def terminate(target):
    """Ends a process by force."""
    _call(process.terminate, target)


def cancel(target, deadline=None):
    """Asks a process to end; at the deadline, it is ended."""
    _call(process.cancel, target, None if deadline is None else _nanoseconds(deadline))


def monitor(target):
    """One event when the process ends."""
    _call(process.monitor, target)


def unmonitor(target):
    """Undoes `monitor`."""
    _call(process.unmonitor, target)


def link(target):
    """Ties the fates of two processes."""
    _call(process.link, target)


def unlink(target):
    """Undoes `link`."""
    _call(process.unlink, target)


def trap_links():
    """Whether the failure of a linked process is an event instead of this
    one's end."""
    return process.get_options().trap_links


def set_trap_links(trap):
    """Sets `trap_links`."""
    process.set_options(process.Options(trap))


def upgrade(definition, *args):
    """Becomes another definition, or with None starts this one afresh. It
    returns never: it raises where it failed."""
    sys.stdout.flush()
    raise _from_wit(process.upgrade(definition, encode_all(args, "arguments")))


# --- Receiving


@dataclass
class Message:
    """What was sent to this process; `sender` is None where no process did."""

    topic: str
    sender: str | None
    values: list

    @property
    def value(self):
        """The first of the values, None where there is none."""
        return self.values[0] if self.values else None


@dataclass
class Outcome:
    """How a process ended: `error` is None where it returned `value`."""

    value: object = None
    error: WarrenError | None = None


@dataclass
class Event(Outcome):
    """What happened to another: `kind` is `pid.exit`, `pid.link.down` or
    `pid.cancel`, `sender` who ended or asked. `at` and `deadline` are RFC 3339."""

    kind: str = ""
    sender: str = ""
    at: str = ""
    deadline: str | None = None


class Source:
    """Something to receive from, or to `select`."""

    def __init__(self, subscription, read):
        self._subscription = subscription
        self._read = read

    def receive(self, timeout=None):
        """Waits, at most so long; None when the time was up."""
        chosen = select([self], timeout)
        return chosen and chosen[1]

    def __iter__(self):
        while True:
            yield self.receive()


class Topic(Source):
    """The messages of one topic."""

    def close(self):
        """Listens no more."""
        mailbox.unlisten(self._subscription)


class Pending(Source):
    """A process whose result is awaited."""

    def __init__(self, subscription):
        super().__init__(subscription, lambda _, values: Outcome(**_outcome(values[0])))

    def result(self):
        """Its result; raises what it failed with."""
        outcome = self.receive()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value


class Timer:
    """A time to `select`: `after(0.5)` is ready once half a second has passed."""

    def __init__(self, delay):
        self.at = _deadline(delay)


after = Timer


def _message(record, values):
    return Message(record.topic, record.sender, values)


def _event(_, values):
    event = values[0]
    result = _outcome(event.get("result"))
    return Event(**result, kind=event["kind"], sender=event["from"], at=event["at"], deadline=event.get("deadline"))


def _outcome(result):
    if not result or "error" not in result:
        return {"value": result.get("value") if result else None, "error": None}
    cause = result.get("cause")
    return {"value": None, "error": cause or WarrenError(result["error"], kind=INTERNAL)}


def inbox():
    """The messages that no topic claims."""
    return Source(mailbox.inbox(), _message)


def events():
    """What happens to others."""
    return Source(mailbox.events(), _event)


def listen(topic):
    """The messages of exactly this topic."""
    return Topic(_call(mailbox.listen, topic), _message)


def select(sources, timeout=None):
    """Waits for the first of several and returns `(source, item)`; of those
    ready at once, the first named wins. None when the time was up."""
    limit = None if timeout is None else _deadline(timeout)
    while True:
        now = clock.monotonic()
        rung = next((s for s in sources if isinstance(s, Timer) and s.at <= now), None)
        asked = sources if rung is None else sources[: sources.index(rung)]
        times = [s.at for s in asked if isinstance(s, Timer)] + ([] if limit is None else [limit])
        until = 0 if rung else min(times, default=None)
        queues = [s for s in asked if isinstance(s, Source)]
        came = None if rung and not queues else _take(queues, until)
        if came:
            return came
        if rung:
            return rung, None
        now = clock.monotonic()
        rung = next((s for s in sources if isinstance(s, Timer) and s.at <= now), None)
        if rung:
            return rung, None
        if limit is not None and limit <= now:
            return None


def _take(queues, until):
    """The next message of the first queue that has one; None at the deadline."""
    numbers = [queue._subscription for queue in queues]
    while True:
        record = mailbox.receive(numbers, until)
        if record is None:
            return None
        source = next(queue for queue in queues if queue._subscription == record.subscription)
        try:
            return source, source._read(record, decode_all(record.payload))
        except WarrenError as error:
            # Anyone may have sent anything.
            log.warn(f"dropped a message that is no values: {error}", topic=record.topic, sender=record.sender)


def sleep(delay):
    """Waits so long."""
    mailbox.receive([], _deadline(delay))


def _deadline(delay):
    return clock.monotonic() + _nanoseconds(delay)


def _nanoseconds(seconds):
    if not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise WarrenError(f"{seconds} is no number of seconds", kind=INVALID)
    return min(round(seconds * 1e9), 1 << 62)


# --- Names, context, identity


def register(name, target=None):
    """Gives a process, this one where absent, a name."""
    _call(registry.register, name, target)


def lookup(name):
    """The PID of that name."""
    return _call(registry.lookup, name)


def unregister(name):
    """Frees a name; False where it was free."""
    return _call(registry.unregister, name)


@dataclass
class Actor:
    """On whose behalf a process acts."""

    id: str
    meta: dict


def _get(key):
    value = context_values.get(key)
    return None if value is None else decode(value)


def _actor():
    actor = rights.actor()
    return actor and Actor(actor.id, decode(actor.meta))


def _scope():
    scope = rights.scope()
    return scope and scope.policies


def _can(action, resource, attributes=None):
    return rights.can(action, resource, None if attributes is None else encode(attributes, "attributes"))


context = SimpleNamespace(get=_get, all=lambda: decode(context_values.all()))
"""Values inherited from the spawner: `get(key)`, None where not set; `all()`."""

security = SimpleNamespace(
    actor=_actor,
    scope=_scope,
    can=_can,
    policy=lambda id: _call(rights.policy, id),
    named_scope=lambda id: _call(rights.named_scope, id).policies,
)
"""`actor()`, `scope()` (policy ids, or None), `can(action, resource)`,
`policy(id)`, which raises where there is none, and `named_scope(id)`."""


# --- Log, randomness


class Logger:
    """The program's log, with file and line."""

    def __init__(self, name="", **fields):
        self._name = name
        self._fields = fields

    def named(self, name):
        """Another of this name."""
        return Logger(name, **self._fields)

    def bind(self, **fields):
        """Another whose lines have these fields."""
        return Logger(self._name, **{**self._fields, **fields})

    def debug(self, message, **fields):
        self._log(logging.Level.DEBUG, message, fields)

    def info(self, message, **fields):
        self._log(logging.Level.INFO, message, fields)

    def warn(self, message, **fields):
        self._log(logging.Level.WARN, message, fields)

    def error(self, message, **fields):
        self._log(logging.Level.ERROR, message, fields)

    def _log(self, level, message, fields):
        frame = sys._getframe(2)
        place = {"file": _name(frame.f_code.co_filename), "line": frame.f_lineno}
        logging.log(level, self._name, str(message), encode({**place, **self._fields, **fields}, "fields"))


log = Logger()


def random_bytes(count):
    """Random bytes fit for keys; at most 65,536."""
    return randomness.bytes(count)
