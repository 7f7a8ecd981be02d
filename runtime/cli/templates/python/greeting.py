"""A module without the process API, which tests import as it is."""


def greeting(name):
    return f"hello, {name}"
