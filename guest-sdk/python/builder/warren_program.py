"""The module of which componentize-py makes a component: it imports the program's file
and keeps all modules that the process may import while it runs, when there are no files.
"""

import sys

# The directories below are the program's own.
sys.dont_write_bytecode = True

import ast
import importlib
import importlib.util
import json
import linecache
import traceback
from pathlib import Path

from warren_archive import Archive

HERE = Path(__file__).parent
# componentize-py numbers the directories that it is given.
PROGRAM = HERE.with_name("0")


def report(message, place=None, help=None, notes=()):
    """Ends the build with a fault."""
    fault = {"message": message, "place": place, "help": help, "notes": list(notes)}
    (HERE / "report.json").write_text(json.dumps({"fault": fault}))
    raise ImportError(message)


def load(path):
    """Imports the program's file as Python would run it: modules beside it are found."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        report(f"SyntaxError: {error.msg}", place_of_syntax(error))
    except BaseException as error:
        message, *notes = lines_of(error)
        report(message, place_of(error), help_for(error), notes)
    return module


def lines_of(error):
    """Returns the lines of an exception as Python shows it, the first one with text."""
    text = "".join(traceback.format_exception_only(error)).replace(f"{PROGRAM}/", "")
    first, *rest = [line.rstrip() for line in text.splitlines() if line.strip()]
    if first.endswith(":") and rest:
        first += " " + rest.pop(0)
    return [first, *rest]


def help_for(error):
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    if not name:
        return "the top level of a module runs when the component is built"
    if name.partition(".")[0] in sys.stdlib_module_names:
        return "this part of the standard library needs what no process has"
    return "name its package in requirements.txt; a module of the program lies beside the file or below its root"


def place_of(error):
    """Returns the innermost place in the program, whose SDK does not count."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = own(frame.filename)
        if file and not file.startswith("warren/"):
            start = (frame.colno or 0) + 1
            end = frame.end_colno + 1 if frame.end_lineno == frame.lineno and frame.end_colno else start
            return {"file": file, "line": frame.lineno, "column": start, "length": end - start}
    return None


def place_of_syntax(error):
    file = own(error.filename)
    if not file:
        return None
    line = linecache.getline(error.filename, error.lineno or 1)
    length = (error.end_offset or 0) - (error.offset or 0) if error.end_lineno == error.lineno else len(line)
    return {"file": file, "line": error.lineno or 1, "column": error.offset or 1, "length": max(length, 0)}


def own(path):
    """Returns the path of a file of the program from its root; None for another."""
    if not path or not Path(path).is_relative_to(PROGRAM):
        return None
    return Path(path).relative_to(PROGRAM).as_posix()


def import_late(module, seen):
    """Imports what functions of the program import, so that the process need not compile
    it. An import that fails here is tried again where the function has it."""
    pending = [module]
    while pending:
        module = pending.pop()
        path = getattr(module, "__file__", None)
        if module in seen or not own(path):
            continue
        seen.append(module)
        for name in names_of_imports(module, path):
            try:
                pending.append(importlib.import_module(name))
            except BaseException:
                continue
        pending += [other for other in list(sys.modules.values()) if own(getattr(other, "__file__", None))]


def names_of_imports(module, path):
    for node in ast.walk(ast.parse(Path(path).read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if node.level:
                try:
                    base = importlib.util.resolve_name(base, module.__package__)
                except ImportError:
                    continue
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


source = json.loads((HERE / "program.json").read_text())["source"]
module = load(PROGRAM / source)
WitWorld = getattr(module, "WitWorld", None)
if WitWorld is None:
    report(
        "no function is marked with @warren.main",
        {"file": source, "line": 1, "column": 1, "length": 0},
        "write `@warren.main` above the function of the process",
    )
import_late(module, [])
Archive.of(sys.path).install()
(HERE / "report.json").write_text("{}")
