"""Names, context values, actor and scope."""

from dataclasses import dataclass
from types import SimpleNamespace

from .errors import call
from .imports import context as context_values, registry, security as rights
from .values import decode, encode, text


def register(name, target=None):
    """Gives a process, by default this one, a name."""
    call(registry.register, text(name, "name"), text(target, "PID", optional=True))


def lookup(name):
    """Returns the PID of the process with that name."""
    return call(registry.lookup, text(name, "name"))


def unregister(name):
    """Frees a name. Returns False if it was free."""
    return call(registry.unregister, text(name, "name"))


@dataclass
class Actor:
    """The user or service for which a process acts."""

    id: str
    meta: dict


def _get(key):
    value = call(context_values.get, text(key, "key"))
    return None if value is None else decode(value)


def _actor():
    actor = rights.actor()
    return actor and Actor(actor.id, decode(actor.meta))


def _scope():
    scope = rights.scope()
    return scope and scope.policies


def _can(action, resource, attributes=None):
    encoded = None if attributes is None else encode(attributes, "attributes")
    return rights.can(text(action, "action"), text(resource, "resource"), encoded)


context = SimpleNamespace(get=_get, all=lambda: decode(context_values.all()))
"""Values inherited from the spawner: `get(key)`, None if not set; `all()`."""

security = SimpleNamespace(
    actor=_actor,
    scope=_scope,
    can=_can,
    policy=lambda id: call(rights.policy, text(id, "id")),
    named_scope=lambda id: call(rights.named_scope, text(id, "id")).policies,
)
"""`actor()`, `scope()` (policy ids, or None), `can(action, resource)`,
`policy(id)`, which raises if there is none, and `named_scope(id)`."""
