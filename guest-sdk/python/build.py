#!/usr/bin/env python3
"""Builds processes: `python3 build.py greeter.py` makes greeter.wasm beside it.

With `--out DIR` it is made there. Modules beside the source and the packages of
requirements.txt become part of it.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description="Builds warren processes in Python.")
    parser.add_argument("--out", type=Path, help="where to put the components")
    parser.add_argument("sources", nargs="+", type=Path)
    arguments = parser.parse_args()

    # In a program of its own, the WIT lies beside this file.
    wit = next((path for path in (HERE / "wit", HERE.parent.parent / "wit") if path.is_dir()), None)
    if wit is None:
        sys.exit(f"error: there is no directory wit in {HERE}")
    tool = Path(sys.executable).parent / "componentize-py"
    if not tool.is_file():
        sys.exit(
            "error: componentize-py is not installed: run `python3 -m venv .venv`, "
            f"`.venv/bin/pip install --require-hashes -r {HERE / 'requirements.txt'}` and "
            "this with `.venv/bin/python`"
        )
    for source in arguments.sources:
        out = (arguments.out or source.parent) / f"{source.stem}.wasm"
        build(tool, wit, source, out.absolute())


def build(tool, wit, source, out):
    paths = [source.resolve().parent, HERE, sysconfig.get_path("purelib")]
    command = [tool, "--quiet", "--wit-path", wit, "--world", "guest", "componentize"]
    for path in paths:
        command += ["--python-path", path]
    command += ["--output", out, source.stem]
    # Packages are those named above, whatever is active around.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        sys.exit(f"error: {source}: it was not built; the reason is above")


main()
