"""Operations of a process on itself and on others."""

import sys

from .errors import INVALID, call, from_wit
from .imports import process, random as randomness, security as rights
from .receiving import Pending, nanoseconds
from .values import WarrenError, encode, encode_all, text

# Bytes that one call of `random.bytes` returns at most.
MAX_RANDOM = 65_536


def pid():
    """Returns the text of this process's PID."""
    return process.pid()


def frame_id():
    """Returns the identifier of this call chain."""
    return process.frame_id()


def send(to, topic, *values):
    """Queues one message of n values for a PID or a name."""
    call(process.send, text(to, "destination"), text(topic, "topic"), encode_all(values, "payload"))


def spawn(definition, host=None, *args, monitored=False, linked=False, **options):
    """Starts a process and returns its PID. Without a host, it runs in the one that the
    definition is bound to, else in `app:processes`. `options` are `context`, `actor`
    (an `Actor`), `scope` (policy ids), `name`, and `messages`, each a tuple
    `(topic, value, ...)`."""
    relation = process.Relation(0)
    if monitored:
        relation |= process.Relation.MONITORED
    if linked:
        relation |= process.Relation.LINKED
    encoded = encode_all(args, "arguments")
    return call(process.spawn, *_place(definition, host), encoded, relation, _options(**options))


def exec(definition, host=None, *args, **options):
    """Starts a process, waits for its end and returns its result; raises its error."""
    return exec_start(definition, host, *args, **options).result()


def exec_start(definition, host=None, *args, **options):
    """Runs `exec` in two steps, the second of which is `result`, or `select`."""
    encoded = encode_all(args, "arguments")
    return Pending(call(process.exec, *_place(definition, host), encoded, _options(**options)))


def _place(definition, host):
    return text(definition, "definition"), text("" if host is None else host, "host")


def _options(context=None, actor=None, scope=None, name=None, messages=()):
    return process.SpawnOptions(
        None if context is None else encode(context, "context"),
        None if actor is None else rights.Identity(text(actor.id, "actor"), encode(actor.meta, "actor.meta")),
        None if scope is None else rights.PolicySet([text(policy, "policy") for policy in scope]),
        text(name, "name", optional=True),
        [
            process.FirstMessage(text(topic, "topic"), encode_all(values, f"messages.{topic}"))
            for topic, *values in messages
        ],
    )


def terminate(target):
    """Ends a process by force."""
    call(process.terminate, text(target, "destination"))


def cancel(target, deadline=None):
    """Asks a process to end; at the deadline, it is terminated."""
    call(process.cancel, text(target, "destination"), None if deadline is None else nanoseconds(deadline))


def monitor(target):
    """Asks for one event when the process ends."""
    call(process.monitor, text(target, "destination"))


def unmonitor(target):
    """Undoes `monitor`."""
    call(process.unmonitor, text(target, "destination"))


def link(target):
    """Links two processes."""
    call(process.link, text(target, "destination"))


def unlink(target):
    """Undoes `link`."""
    call(process.unlink, text(target, "destination"))


def trap_links():
    """Returns whether the failure of a linked process is an event instead of this
    one's end."""
    return process.get_options().trap_links


def set_trap_links(trap):
    """Sets `trap_links`."""
    process.set_options(process.Options(bool(trap)))


def upgrade(definition, *args):
    """Replaces the running code by another definition, or with None starts this one
    afresh. Raises on failure, and never returns."""
    sys.stdout.flush()
    raise from_wit(process.upgrade(text(definition, "definition", optional=True), encode_all(args, "arguments")))


def random_bytes(count):
    """Returns random bytes fit for keys; at most 65,536."""
    if not isinstance(count, int) or not 0 <= count <= MAX_RANDOM:
        raise WarrenError(f"{count} is not a number of bytes up to {MAX_RANDOM}", kind=INVALID)
    return randomness.bytes(count)
