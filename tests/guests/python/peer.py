"""The conformance peer in Python, a part of the component of faults.py;
guest-sdk/conformance/lua.lua says what each command does."""

import time

import warren
from warren import WarrenError, events, inbox, listen

HOST = "app:processes"


def parts(error):
    return {
        "kind": error.kind,
        "message": error.message,
        "retryable": error.retryable,
        "details": error.details,
    }


def failure(attempt, *values, **options):
    try:
        attempt(*values, **options)
    except WarrenError as error:
        return error
    raise RuntimeError("it did not fail")


def down(other, details, **relation):
    """Starts a process that fails, and returns what the event says of it."""
    target = warren.spawn(other, HOST, "fail", details, **relation)
    event = events().receive()
    assert event.sender == target
    return {"event": event.kind, "cause": parts(event.error)}


def echo(value=None):
    return value


def fail(details=None):
    raise WarrenError("it contradicts", kind=warren.CONFLICT, retryable=True, details=details)


def catch(other, details=None):
    return parts(failure(warren.exec, other, HOST, "fail", details))


def reply():
    message = listen("ask").receive()
    warren.send(message.sender, "answer", message.value)


def ask(other, value=None):
    answers = listen("answer")
    warren.send(warren.spawn(other, HOST, "reply"), "ask", value)
    return answers.receive().value


def refusals():
    return [
        error.kind
        for error in (
            failure(warren.send, "nobody is called this", "topic", 1),
            failure(warren.send, warren.pid(), "@topic", 1),
            failure(warren.spawn, "app:no-such-definition", HOST),
            failure(warren.register, "@name"),
            failure(warren.lookup, "nobody is called this"),
            failure(warren.monitor, warren.pid()),
            failure(warren.upgrade, "app:no-such-definition"),
        )
    ]


def watch(other, details=None):
    return down(other, details, monitored=True)


def trap(other, details=None):
    warren.set_trap_links(True)
    return down(other, details, linked=True)


def await_event():
    event = events().receive()
    return {"event": event.kind, "deadline": event.deadline is not None}


def cancel(other):
    target = warren.spawn(other, HOST, "await_event", monitored=True)
    warren.cancel(target, 60)
    ended = events().receive()
    if ended.error:
        raise ended.error
    return ended.value


def dress(other, value=None):
    return warren.exec(
        other,
        HOST,
        "found",
        context={"dress": value},
        name="dressed",
        messages=[("first", 1, None), ("second", value)],
    )


def found():
    first, second = inbox().receive(), inbox().receive()
    return {
        "named": warren.lookup("dressed") == warren.pid(),
        "context": warren.context.get("dress"),
        "topics": [first.topic, second.topic],
        "counts": [len(first.values), len(second.values)],
        "value": second.value,
    }


def wait():
    began = time.monotonic()
    never = listen("never")
    source, _ = warren.select([never, warren.after(0.002)])
    return {"came": source is never, "waited": time.monotonic() - began >= 0.002}


def bug():
    raise RuntimeError("a bug")


COMMANDS = {
    "echo": echo,
    "exec": lambda other, value=None: warren.exec(other, HOST, "echo", value),
    "upgrade": lambda other, value=None: warren.upgrade(other, "echo", value),
    "fail": fail,
    "catch": catch,
    "reply": reply,
    "ask": ask,
    "refusals": refusals,
    "watch": watch,
    "trap": trap,
    "await_event": await_event,
    "cancel": cancel,
    "context": warren.context.get,
    "dress": dress,
    "found": found,
    "wait": wait,
    "bug": bug,
}
