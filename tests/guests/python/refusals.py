"""The refusals of the SDK before a value leaves the process: too large values, and those
that are no text or not Unicode."""

import warren

ME, HOST = "app:main", "app:processes"


def refused(what, part, attempt, limit=None):
    """Tries a call, which must fail as Invalid with this in its message, at this limit if
    there is one."""
    try:
        attempt()
    except warren.WarrenError as error:
        assert error.kind == warren.INVALID and part in error.message, f"{what}: {error.kind}: {error}"
        details = error.details or {}
        assert (details.get("limit"), details.get("value")) == (limit or (None, None)), f"{what}: {details}"
    else:
        raise AssertionError(f"{what}: it was taken")


def shared():
    """A value of some bytes that is reached by 2^60 ways."""
    value = ["x" * 1000]
    for level in range(60):
        value = [value, value] if level % 2 else {"a": value, "b": value}
    return value


LARGE = {"shared": shared, "text": lambda: "x" * (2 << 20), "bytes": lambda: bytes(2 << 20)}


def large(what):
    """Returns a value that is too large to be a result."""
    return LARGE[what]()


def too_large():
    limit = "more than 1048576 bytes (max_message)"
    most = ("max_message", 1 << 20)
    for what, make in LARGE.items():
        value = make()
        refused(f"{what} sent", f"payload: {limit}", lambda: warren.send(warren.pid(), "topic", value), most)
        refused(f"{what} spawned", f"arguments: {limit}", lambda: warren.spawn(ME, HOST, "double", value), most)
        refused(f"{what} executed", f"arguments: {limit}", lambda: warren.exec(ME, HOST, "double", value), most)
        refused(f"{what} upgraded", f"arguments: {limit}", lambda: warren.upgrade(None, value), most)
        context = {"value": value}
        refused(f"{what} inherited", f"context: {limit}", lambda: warren.spawn(ME, HOST, context=context), most)
        early = [("early", value)]
        refused(f"{what} first", f"messages.early: {limit}", lambda: warren.spawn(ME, HOST, messages=early), most)
        actor = warren.Actor("ada", {"value": value})
        refused(f"{what} of an actor", f"actor.meta: {limit}", lambda: warren.spawn(ME, HOST, actor=actor), most)
        refused(f"{what} returned", f"result: {limit}", lambda: warren.exec(ME, HOST, "large", what), most)


def too_deep():
    value = []
    for _ in range(100):
        value = [value]
    limit = ("max_nesting", 100)
    refused("nested", "nested deeper than 100", lambda: warren.send(warren.pid(), "topic", value), limit)


def no_text(half, why):
    """Tries what is no text in the place of each text."""
    for what, attempt in [
        ("topic", lambda: warren.send(warren.pid(), half, 1)),
        ("destination", lambda: warren.send(half, "topic", 1)),
        ("topic", lambda: warren.listen(half)),
        ("definition", lambda: warren.spawn(half, HOST)),
        ("host", lambda: warren.spawn(ME, half)),
        ("definition", lambda: warren.exec_start(half, HOST)),
        ("definition", lambda: warren.upgrade(half)),
        ("name", lambda: warren.spawn(ME, HOST, name=half)),
        ("actor", lambda: warren.spawn(ME, HOST, actor=warren.Actor(half, {}))),
        ("policy", lambda: warren.spawn(ME, HOST, scope=[half])),
        ("topic", lambda: warren.spawn(ME, HOST, messages=[(half, 1)])),
        ("destination", lambda: warren.terminate(half)),
        ("destination", lambda: warren.cancel(half)),
        ("destination", lambda: warren.monitor(half)),
        ("destination", lambda: warren.unmonitor(half)),
        ("destination", lambda: warren.link(half)),
        ("destination", lambda: warren.unlink(half)),
        ("name", lambda: warren.register(half)),
        ("PID", lambda: warren.register("here", half)),
        ("name", lambda: warren.lookup(half)),
        ("name", lambda: warren.unregister(half)),
        ("key", lambda: warren.context.get(half)),
        ("action", lambda: warren.security.can(half, "x")),
        ("resource", lambda: warren.security.can("process.send", half)),
        ("id", lambda: warren.security.policy(half)),
        ("id", lambda: warren.security.named_scope(half)),
    ]:
        refused(what, f"{what}: {why}", attempt)


def not_text():
    half = "half \ud83d of a pair"
    no_text(half, "a string with half a surrogate pair")
    no_text(5, "a string was expected, not int")
    refused("nobody", "destination: a string was expected", lambda: warren.send(None, "topic"))
    refused("a count", "65537 is not a number of bytes", lambda: warren.random_bytes(65537))
    refused("a key", "half a surrogate pair", lambda: warren.send(warren.pid(), "topic", {half: 1}))
    error = warren.WarrenError(half)
    refused("an error", "half a surrogate pair", lambda: warren.send(warren.pid(), "topic", error))


def refusals():
    too_large()
    too_deep()
    not_text()
    assert warren.inbox().receive(0) is None, "a refused message arrived"
