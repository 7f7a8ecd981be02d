"""What faults look like in Python, some calls that the peer leaves over, and the
conformance peer, since compiling a component takes 15 s."""

import random
import sys

import warren
from peer import COMMANDS
from refusals import large, refusals


def tour():
    assert warren.frame_id().startswith("app:main#")
    assert warren.random_bytes(8) != warren.random_bytes(8)
    jobs = warren.listen("job")
    warren.send(warren.pid(), "job", "resize", 640)
    warren.send(warren.pid(), "other")
    job = jobs.receive()
    assert (job.sender, job.values) == (warren.pid(), ["resize", 640])
    assert warren.inbox().receive().value is None
    assert jobs.receive(0) is None and jobs.receive(0.002) is None
    pending, timer = warren.exec_start("app:main", "app:processes", "double", 21), warren.after(0.001)
    seen = []
    sources = [pending, timer]
    while sources:
        source, item = warren.select(sources)
        seen.append(item and item.value)
        sources.remove(source)
    assert sorted(seen, key=str) == [42, None], seen
    first = warren.exec("app:main", "app:processes", "chance")
    assert first != warren.exec("app:main", "app:processes", "chance")
    assert warren.exec("app:main", "app:processes", "upgrading") == 2
    region = warren.exec("app:main", "app:processes", "who", actor=warren.Actor("ada", {"role": "admin"}))
    assert region == ["ada", {"role": "admin"}]
    warren.register("here")
    assert warren.lookup("here") == warren.pid()
    assert warren.unregister("here") and not warren.unregister("here")
    busy = warren.spawn("app:main", None, "busy", monitored=True)
    warren.terminate(busy)
    assert warren.events().receive().error.kind == warren.CANCELED
    operations()
    refusals()
    print("the tour is over", end="")
    print()


def operations():
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert warren.call("hash.sha256", "abc") == digest
    # This one takes longer.
    assert len(warren.call("crypto.pbkdf2", "password", "salt", 20000, 32)) == 32
    wrong = ("hash.none",), ("hash.sha256",), ("store.open", "none")
    kinds = warren.NOT_FOUND, warren.INVALID, warren.NOT_FOUND
    for arguments, kind in zip(wrong, kinds):
        try:
            warren.call(*arguments)
        except warren.WarrenError as error:
            assert error.kind == kind, error
        else:
            raise AssertionError(arguments)


def who():
    actor = warren.security.actor()
    return [actor.id, actor.meta]


def busy():
    while True:
        pass


def memory():
    taken = []
    while True:
        taken.append(bytearray(1 << 20))


def conflict():
    raise warren.WarrenError("as asked", kind=warren.CONFLICT)


def half():
    warren.log.named("half \ud83d").warn("logged \ud83d", job=7)
    raise ValueError("half \ud83d of a pair")


ROLES = {
    "double": lambda value: 2 * value,
    "chance": random.random,
    "upgrading": lambda: warren.upgrade(None, "double", 1),
    "who": who,
    "busy": busy,
    "memory": memory,
    "conflict": conflict,
    "key": lambda: {}["missing"],
    "result": lambda: {"run": print},
    "large": large,
    "half": half,
    "exit": lambda: sys.exit(7),
    "refuse": lambda: sys.exit("no stock \ud83d"),
    "keep": lambda path: KEPT.append(open(path, "w")) or KEPT[0].write("kept"),
    "log": lambda: warren.log.named("faults").warn("something here is odd", job=7),
}


KEPT = []


@warren.main
def main(role=None, *values):
    return (COMMANDS | ROLES)[role](*values) if role else tour()
