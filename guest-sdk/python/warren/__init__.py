"""Write warren processes in Python; see README.md for a start.

Every call blocks the process until it is done, as receiving does: there is
nothing to await. Times are seconds. A call that fails raises a `WarrenError`.
"""

from .cluster import (
    monitor_nodes,
    node,
    nodes,
    register_in_cluster,
    unregister_in_cluster,
)
from .entry import main
from .errors import (
    ALREADY_EXISTS,
    CANCELED,
    CONFLICT,
    INTERNAL,
    INVALID,
    NOT_FOUND,
    PERMISSION_DENIED,
    RATE_LIMITED,
    TIMEOUT,
    UNAVAILABLE,
)
from .identity import Actor, context, lookup, register, security, unregister
from .logger import Logger, log
from .operations import call
from .processes import (
    cancel,
    exec,
    exec_start,
    frame_id,
    link,
    monitor,
    pid,
    random_bytes,
    send,
    set_trap_links,
    spawn,
    terminate,
    trap_links,
    unlink,
    unmonitor,
    upgrade,
)
from .receiving import (
    Event,
    Message,
    Outcome,
    Pending,
    Source,
    Timer,
    Topic,
    after,
    events,
    inbox,
    listen,
    select,
    sleep,
)
from .values import Pairs, WarrenError
