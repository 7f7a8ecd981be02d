"""Messages, events, outcomes and timers, and waiting for them."""

from dataclasses import dataclass

from .errors import INTERNAL, INVALID, call
from .imports import clock, mailbox
from .logger import log
from .values import WarrenError, decode_all, text


@dataclass
class Message:
    """A message; `sender` is None if no process sent it."""

    topic: str
    sender: str | None
    values: list

    @property
    def value(self):
        """The first of the values, None if there is none."""
        return self.values[0] if self.values else None


@dataclass
class Outcome:
    """The end of a process: `error` is None if it returned `value`."""

    value: object = None
    error: WarrenError | None = None


@dataclass
class Event(Outcome):
    """An event of another process: `kind` is `pid.exit`, `pid.link.down` or
    `pid.cancel`, `sender` the process that ended or asked. `at` and `deadline`
    are RFC 3339. News of the cluster are `node.up` and `node.down` with `node`,
    and `name.lost` with `name`."""

    kind: str = ""
    sender: str = ""
    at: str = ""
    deadline: str | None = None
    node: str | None = None
    name: str | None = None


class Source:
    """A source to receive from, or to `select`."""

    def __init__(self, subscription, read):
        self._subscription = subscription
        self._read = read

    def receive(self, timeout=None):
        """Waits, for `timeout` at most; None at the timeout."""
        chosen = select([self], timeout)
        return chosen and chosen[1]

    def __iter__(self):
        while True:
            yield self.receive()


class Topic(Source):
    """The messages of one topic."""

    def close(self):
        """Ends listening."""
        mailbox.unlisten(self._subscription)


class Pending(Source):
    """A process whose result is awaited."""

    def __init__(self, subscription):
        super().__init__(subscription, lambda _, values: Outcome(**_outcome(values[0])))

    def result(self):
        """Returns its result; raises its error."""
        outcome = self.receive()
        if outcome.error is not None:
            raise outcome.error
        return outcome.value


class Timer:
    """A timer to `select`: `after(0.5)` is ready once half a second has passed."""

    def __init__(self, delay):
        self.at = _deadline(delay)


after = Timer


def _message(record, values):
    return Message(record.topic, record.sender, values)


def _event(_, values):
    event = values[0]
    result = _outcome(event.get("result"))
    more = {key: event.get(key) for key in ("deadline", "node", "name")}
    return Event(**result, kind=event["kind"], sender=event.get("from", ""), at=event["at"], **more)


def _outcome(result):
    if not result or "error" not in result:
        return {"value": result.get("value") if result else None, "error": None}
    cause = result.get("cause")
    return {"value": None, "error": cause or WarrenError(result["error"], kind=INTERNAL)}


def inbox():
    """Returns the messages that no topic claims."""
    return Source(mailbox.inbox(), _message)


def events():
    """Returns the events of other processes."""
    return Source(mailbox.events(), _event)


def listen(topic):
    """Returns the messages of exactly this topic."""
    return Topic(call(mailbox.listen, text(topic, "topic")), _message)


def select(sources, timeout=None):
    """Waits for the first of several sources and returns `(source, item)`; if several
    are ready at once, the first named wins. None at the timeout."""
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
    """Returns the next message of the first queue that has one; None at the deadline."""
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
            log.warn(f"dropped a message that is not values of the guest ABI: {error}", topic=record.topic, sender=record.sender)


def sleep(delay):
    """Waits for a duration."""
    mailbox.receive([], _deadline(delay))


def _deadline(delay):
    return clock.monotonic() + nanoseconds(delay)


def nanoseconds(seconds):
    """Converts a duration to that of the process API."""
    if not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise WarrenError(f"{seconds} is not a number of seconds", kind=INVALID)
    return min(round(seconds * 1e9), 1 << 62)
