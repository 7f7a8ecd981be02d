"""Builds one component for `warren build`: `python build.py REQUEST`, where REQUEST is
JSON: `source`, the process's file; `root`, the directory of its program; `out`, the
component to write; if the program has packages, `packages`, the directory where they are
installed, and `requirements`, the file that names them.

Prints one line of JSON: `packages` and `notes`, or `fault` if the sources are wrong.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from distributions import chosen, copy_distribution, names_in

HERE = Path(__file__).resolve().parent

# Directories of a program that hold no modules of it.
SKIPPED = {"node_modules", "target", "venv", "__pycache__"}
# Bytes of all files of a program: they become part of each of its components.
MAX_PROGRAM = 32 << 20
# Lines of the tool's output that are shown if it fails without a reason of ours.
MAX_NOTES = 20


class Fault(Exception):
    """A fault of the sources."""

    def __init__(self, message, place=None, help=None, notes=()):
        super().__init__(message)
        self.parts = {"message": message, "place": place, "help": help, "notes": list(notes)}


def main():
    # An exception, so that no files stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    request = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="warren-py-") as stage:
        try:
            print(json.dumps(build(Path(stage), request)))
        except Fault as fault:
            print(json.dumps({"fault": fault.parts}))
        except OSError as error:
            print(json.dumps({"fault": Fault(f"cannot build: {error}").parts}))


def build(stage, request):
    source, root = Path(request["source"]).resolve(), Path(request["root"]).resolve()
    program, sdk, site = stage / "program", stage / "sdk", stage / "venv/lib/site-packages"
    for directory in (sdk, site):
        directory.mkdir(parents=True)
    copy_program(root, program)
    for module in ("warren_program.py", "warren_archive.py"):
        shutil.copy(HERE / module, sdk)
    shutil.copytree(HERE / "warren", sdk / "warren")
    for distribution in chosen(sysconfig.get_path("purelib"), ["msgpack"]):
        copy_distribution(distribution, sdk)
    packages, impure = [], []
    if request.get("packages"):
        for distribution in chosen(request["packages"], names_in(Path(request["requirements"]))):
            if not copy_distribution(distribution, site):
                impure.append(distribution.name)
            packages.append(f"{distribution.name} {distribution.version}")
    (sdk / "program.json").write_text(json.dumps({"source": source.relative_to(root).as_posix()}))

    asker = os.getppid()
    output = componentize(stage, [program, sdk], stage / "component.wasm")
    report = sdk / "report.json"
    if report.is_file():
        found = json.loads(report.read_text())
        if "fault" in found:
            fault = found["fault"]
            if fault["place"]:
                fault["place"]["file"] = str(root / fault["place"]["file"])
            names = [name for name in sorted(impure) if is_missed(name, fault["message"])]
            if names:
                fault["help"] = f"a process has pure Python only, and {', '.join(names)} has extensions in C"
                fault["notes"] = []
            raise Fault(**fault)
    if output.returncode != 0:
        # The message of the tool, without its own calls.
        said = output.stderr.partition("Stack backtrace:")[0]
        notes = [line for line in said.splitlines() if line.strip()]
        raise Fault("componentize-py could not build the component", notes=notes[-MAX_NOTES:])
    # Nobody would put a component in its place, or remove it, once the command has ended.
    if os.getppid() == asker:
        shutil.copy(stage / "component.wasm", request["out"])
    return {"packages": sorted(packages), "notes": []}


def is_missed(name, message):
    """Tells if an import may have failed for want of the extensions of this package."""
    by_name = message.startswith("ModuleNotFoundError") and name.lower().replace("-", "_") in message.lower()
    return by_name or message.startswith("ImportError")


def copy_program(root, to):
    """Copies the modules of a program and the files beside them."""
    bytes_left = MAX_PROGRAM
    for directory, directories, files in os.walk(root):
        here = Path(directory)
        directories[:] = [name for name in directories if is_searched(here / name)]
        target = to / here.relative_to(root)
        target.mkdir(parents=True, exist_ok=True)
        for name in files:
            path = here / name
            # `.wasm.` is one that another build is about to finish.
            if name.startswith(".") or ".wasm" in path.suffixes or path.suffix == ".pyc" or not path.is_file():
                continue
            bytes_left -= path.stat().st_size
            if bytes_left < 0:
                raise Fault(
                    f"the files below {root} have more than {MAX_PROGRAM >> 20} MiB",
                    help="give the program a directory of its own",
                )
            shutil.copy(path, target)


def is_searched(directory):
    name = directory.name
    return not name.startswith(".") and name not in SKIPPED and not (directory / "pyvenv.cfg").is_file()


def componentize(stage, paths, out):
    command = [Path(sys.executable).parent / "componentize-py", "--quiet"]
    command += ["--wit-path", HERE / "wit", "--world", "guest", "componentize"]
    for path in paths:
        command += ["--python-path", path]
    command += ["--output", out, "warren_program"]
    # The tool adds the packages of the environment that is active around it.
    environment = {**os.environ, "VIRTUAL_ENV": str(stage / "venv")}
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, errors="replace")


main()
