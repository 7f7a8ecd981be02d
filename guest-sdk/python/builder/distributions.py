"""The installed packages that a file of requirements names, with those they need."""

import re
import shutil
from importlib import metadata
from pathlib import Path

# Packages of the environment itself.
OF_ENVIRONMENT = {"pip", "setuptools", "wheel"}
# Files that no process reads.
SKIPPED = {".pyc", ".pyd", ".so"}


def chosen(directory, names):
    """Returns the distributions in `directory` of these names, with those they need; all of
    them if a name is None."""
    installed = {normalized(found.name): found for found in metadata.distributions(path=[str(directory)])}
    wanted = list(names)
    if None in wanted:
        wanted = [name for name in installed if name not in OF_ENVIRONMENT]
    found = {}
    while wanted:
        name = wanted.pop()
        if name in found or name not in installed:
            continue
        found[name] = installed[name]
        wanted += [name_of(line) for line in installed[name].requires or []]
    return list(found.values())


def names_in(path):
    """Returns the names in a file of requirements; None for a line without one, `-e .`."""
    names = []
    for line in path.read_text().replace("\\\n", " ").splitlines():
        line = line.split(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        included = re.match(r"(?:-r|--requirement)[ =]*(\S+)", line)
        if included:
            names += names_in(path.parent / included[1])
        elif line.startswith(("-e", "--editable", ".", "/", "file:")):
            names.append(None)
        elif not line.startswith("-"):
            names.append(name_of(line))
    return names


def name_of(requirement):
    return normalized(re.match(r"[A-Za-z0-9._-]*", requirement.strip())[0])


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def copy_distribution(distribution, to):
    """Copies the files of a distribution that a process can use. Returns False if it has
    extensions in C."""
    files = distribution.files or []
    for file in files:
        if ".." in file.parts or "__pycache__" in file.parts or file.suffix in SKIPPED:
            continue
        source, target = Path(file.locate()), to / file
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return not any(file.suffix in (".pyd", ".so") for file in files)
