"""Modules and files in the memory of a component.

componentize-py takes a snapshot of Python after the program's file was imported. The
process has no files, so whatever is imported or read later must be in the snapshot: the
standard library, the packages and the program itself are kept compressed.
"""

import io
import os
import sys
import zlib
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.metadata import PathDistribution
from importlib.resources.abc import Traversable, TraversableResources
from importlib.util import decode_source, spec_from_file_location

# Parts of the standard library that need what no process has, or that nobody imports.
LEFT_OUT = {
    "ensurepip",
    "idlelib",
    "pydoc_data",
    "site-packages",
    "test",
    "tkinter",
    "turtledemo",
    "venv",
}

# Files of packages that are read by tools alone.
OF_TOOLS = (".pyc", ".pyi", ".so", "__pycache__")


class Archive:
    """A finder and loader of modules, and a reader of the files beside them."""

    def __init__(self):
        self._files = {}
        self._directories = {}
        self._modules = {}

    @classmethod
    def of(cls, paths):
        """Reads the directories of a search path."""
        archive = cls()
        for path in dict.fromkeys(paths):
            if os.path.isdir(path):
                archive._add(path, "", os.path.isfile(os.path.join(path, "os.py")))
        return archive

    def _add(self, directory, package, of_library):
        """Adds a directory that is a package, or is on the search path."""
        names = self._list(directory)
        if package:
            file = os.path.join(directory, "__init__.py") if "__init__.py" in names else None
            if file and self._modules.get(package, (None,))[0] is None:
                self._modules[package] = (file, directory)
            self._modules.setdefault(package, (file, directory))
        prefix = package + "." if package else ""
        for name in names:
            path = os.path.join(directory, name)
            if of_library and name in LEFT_OUT:
                continue
            if os.path.isdir(path):
                if name.isidentifier():
                    self._add(path, prefix + name, of_library)
                elif not of_library:
                    self._add_files(path)
            elif name.endswith(".py"):
                self._read(path)
                if name[:-3].isidentifier() and name != "__init__.py":
                    self._modules.setdefault(prefix + name[:-3], (path, None))
            elif not of_library:
                self._read(path)

    def _add_files(self, directory):
        """Adds a directory that cannot be a package: data, or metadata."""
        for name in self._list(directory):
            path = os.path.join(directory, name)
            if os.path.isdir(path):
                self._add_files(path)
            else:
                self._read(path)

    def _list(self, directory):
        """Returns the entries that are kept."""
        names = [name for name in sorted(os.listdir(directory)) if not name.endswith(OF_TOOLS)]
        self._directories[directory] = names
        return names

    def _read(self, path):
        if path not in self._files:
            with open(path, "rb") as file:
                self._files[path] = zlib.compress(file.read())

    def install(self):
        """Makes this the source of modules, also of the files of those already imported."""
        for module in list(sys.modules.values()):
            spec = getattr(module, "__spec__", None)
            if spec and type(spec.loader) is SourceFileLoader and spec.origin in self._files:
                spec.loader = module.__loader__ = self
        # Before the search in directories, of which each would ask for missing files.
        sys.meta_path.insert(sys.meta_path.index(PathFinder), self)
        sys.path_importer_cache.clear()

    def find_spec(self, name, path=None, target=None):
        found = self._modules.get(name)
        if found is None:
            return None
        file, directory = found
        if file is None:
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations.append(directory)
            return spec
        locations = None if directory is None else [directory]
        return spec_from_file_location(name, file, loader=self, submodule_search_locations=locations)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name):
        file = self.get_filename(name)
        return compile(self.get_data(file), file, "exec", dont_inherit=True)

    def get_source(self, name):
        return decode_source(self.get_data(self.get_filename(name)))

    def get_filename(self, name):
        file, _ = self._modules.get(name, (None, None))
        if file is None:
            raise ImportError(f"no source of {name}", name=name)
        return file

    def is_package(self, name):
        return self._modules[name][1] is not None

    def get_data(self, path):
        try:
            return zlib.decompress(self._files[os.path.normpath(path)])
        except KeyError:
            raise FileNotFoundError(2, "no such file in the component", path) from None

    def find_distributions(self, context):
        """Answers importlib.metadata, which packages ask for their own version."""
        wanted = context.name and context.name.replace("-", "_").lower()
        for directory in self._directories:
            name, _, rest = os.path.basename(directory).partition("-")
            if rest.endswith(".dist-info") and wanted in (None, name.lower()):
                yield PathDistribution(_Entry(self, directory))

    def get_resource_reader(self, name):
        _, directory = self._modules.get(name, (None, None))
        return directory and _Resources(_Entry(self, directory))


class _Resources(TraversableResources):
    """The files of a package, for importlib.resources."""

    def __init__(self, root):
        self._root = root

    def files(self):
        return self._root


class _Entry(Traversable):
    """A file or a directory of the archive."""

    def __init__(self, archive, path):
        self._archive = archive
        self._path = path

    @property
    def name(self):
        return os.path.basename(self._path)

    def is_dir(self):
        return self._path in self._archive._directories

    def is_file(self):
        return self._path in self._archive._files

    def iterdir(self):
        names = self._archive._directories.get(self._path)
        if names is None:
            raise NotADirectoryError(20, "not a directory of the component", self._path)
        return (self.joinpath(name) for name in names)

    def joinpath(self, *names):
        return _Entry(self._archive, os.path.normpath(os.path.join(self._path, *map(str, names))))

    def __truediv__(self, name):
        return self.joinpath(name)

    def open(self, mode="r", encoding="utf-8", errors=None, newline=None):
        data = io.BytesIO(self._archive.get_data(self._path))
        if "b" in mode:
            return data
        return io.TextIOWrapper(data, encoding=encoding, errors=errors, newline=newline)
