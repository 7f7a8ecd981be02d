"""The program's log."""

import sys

from .imports import logger as logging
from .values import encode, readable


class Logger:
    """The program's log, with file and line."""

    def __init__(self, name="", **fields):
        self._name = name
        self._fields = fields

    def named(self, name):
        """Returns a logger of this name."""
        return Logger(name, **self._fields)

    def bind(self, **fields):
        """Returns a logger whose lines have these fields."""
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
        place = {"file": file_name(frame.f_code.co_filename), "line": frame.f_lineno}
        encoded = encode({**place, **self._fields, **fields}, "fields")
        logging.log(level, readable(self._name), readable(str(message)), encoded)


def file_name(path):
    """Returns a file's name without the directory of the build."""
    return path.lstrip("/").partition("/")[2] or path


log = Logger()
