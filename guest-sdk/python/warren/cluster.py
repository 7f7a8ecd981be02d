"""The nodes of a cluster, and names that are unique in all of it."""

from .operations import call
from .values import text


def node():
    """Returns the name of this node; None without a cluster."""
    return call("process.node")


def nodes():
    """Returns the names of all nodes that are up, this one among them."""
    return call("process.nodes")


def monitor_nodes(on=True):
    """Sets whether this process gets the events `node.up` and `node.down`."""
    call("process.monitor_nodes", bool(on))


def register_in_cluster(name, target=None):
    """Gives a process of this node, by default this one, a name that is unique in
    the whole cluster."""
    call("process.register", text(name, "name"), text(target, "PID", optional=True))


def unregister_in_cluster(name):
    """Frees a name of the cluster. Returns False if it was free."""
    return call("process.unregister", text(name, "name"))
