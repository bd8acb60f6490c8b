"""Imports from the standard library that is packed into the interpreter.

The library's modules seem to be files below sys._stdlib_dir, which need not exist. PackedFinder is
the path entry finder for that folder and for the packages in it.
"""

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _bootstrap_external
import _packed
import sys


def _inside(path):
    """The path relative to the library, or None."""
    root = sys._stdlib_dir
    if path == root:
        return ''
    if isinstance(path, str) and path.startswith(root + '/'):
        return path[len(root) + 1:]
    return None


class PackedLoader(_bootstrap_external._LoaderBasics):

    """Loads one module of the packed library."""

    def __init__(self, name, path):
        self.name = name
        self.path = path

    def __eq__(self, other):
        return self.__class__ is other.__class__ and self.__dict__ == other.__dict__

    def __hash__(self):
        return hash(self.name) ^ hash(self.path)

    def _check(self, fullname):
        if fullname is not None and fullname != self.name:
            raise ImportError(f'loader for {self.name} cannot handle {fullname}', name=fullname)

    def is_package(self, fullname):
        self._check(fullname)
        return self.path.endswith('/__init__.py')

    def get_filename(self, fullname=None):
        self._check(fullname)
        return self.path

    def get_code(self, fullname):
        self._check(fullname)
        return _packed.code(self.name)

    def get_source(self, fullname):
        self._check(fullname)
        return _packed.source(self.name)

    def get_data(self, path):
        inside = _inside(path)
        data = None if inside is None else _packed.read(inside)
        if data is None:
            raise FileNotFoundError(2, 'No such file or directory', path)
        return data

    def get_resource_reader(self, name):
        self._check(name)
        if not self.is_package(name):
            return None
        if _bootstrap_external._path_isfile(self.path):
            from importlib.resources.readers import FileReader
            return FileReader(self)
        from _packed_resources import PackedReader
        return PackedReader(name)

    def __repr__(self):
        return f'<packed library loader for {self.name!r}>'


class PackedFinder:

    """Finds modules of the packed library in one of its folders."""

    def __init__(self, path):
        inside = _inside(path)
        if inside is None:
            raise ImportError('not a folder of the packed library', path=path)
        self.path = path
        self._package = inside.replace('/', '.')

    def _name(self, fullname):
        tail = fullname.rpartition('.')[2]
        return f'{self._package}.{tail}' if self._package else tail

    def find_spec(self, fullname, target=None):
        found = _packed.find(self._name(fullname))
        if found is None:
            return None
        path, is_package = found
        location = f'{sys._stdlib_dir}/{path}'
        loader = PackedLoader(fullname, location)
        spec = _bootstrap.ModuleSpec(fullname, loader, origin=location, is_package=is_package)
        spec._set_fileattr = True
        spec.cached = None
        if is_package:
            spec.submodule_search_locations = [location[:-len('/__init__.py')]]
        return spec

    def iter_modules(self, prefix=''):
        for name, is_package in _packed.modules(self._package):
            yield prefix + name, is_package

    def invalidate_caches(self):
        pass

    def __repr__(self):
        return f'PackedFinder({self.path!r})'


def _zip_hook(path):
    """A path hook for zip files that imports zipimport only when there is one."""
    rest = path
    while rest and not _bootstrap_external._path_isfile(rest):
        if _bootstrap_external._path_isdir(rest):
            raise ImportError('not a Zip file', path=path)
        head, _ = _bootstrap_external._path_split(rest)
        if head == rest:
            raise ImportError('not a Zip file', path=path)
        rest = head
    if not rest:
        raise ImportError('not a Zip file', path=path)
    import zipimport
    return zipimport.zipimporter(path)


def _get_frozen_source(cls, fullname):
    """Return the source of a frozen module."""
    found = _bootstrap._imp.find_frozen(fullname)
    if found is None:
        raise ImportError(f'{fullname!r} is not a frozen module', name=fullname)
    return _packed.source(found[2])


def install():
    """Make the library importable."""
    sys.path_hooks[:0] = [PackedFinder, _zip_hook]
    _bootstrap.FrozenImporter.get_source = classmethod(_get_frozen_source)
