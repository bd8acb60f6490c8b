"""The files of a package of the packed library, for importlib.resources, where the library does not lie
on disk."""

import _packed
import contextlib
import io
import pathlib
import sys
import tempfile
from importlib.resources import as_file
from importlib.resources.abc import Traversable, TraversableResources


class PackedPath(Traversable):

    """A file or a folder of the library, by its path there."""

    def __init__(self, path):
        self._path = path

    @property
    def name(self):
        return self._path.rpartition('/')[2]

    def is_dir(self):
        return bool(_packed.listing(self._path))

    def is_file(self):
        return _packed.read(self._path) is not None

    def iterdir(self):
        names = _packed.listing(self._path)
        if not names:
            error = NotADirectoryError if self.is_file() else FileNotFoundError
            raise error(str(self))
        for name in names:
            yield PackedPath(f'{self._path}/{name}')

    def joinpath(self, *descendants):
        parts = [part for path in descendants for part in str(path).split('/') if part not in ('', '.')]
        return PackedPath('/'.join([self._path, *parts]))

    __truediv__ = joinpath

    def open(self, mode='r', *args, **kwargs):
        if mode not in ('r', 'rt', 'rb'):
            raise ValueError(f'invalid mode: {mode!r}')
        content = _packed.read(self._path)
        if content is None:
            error = IsADirectoryError if self.is_dir() else FileNotFoundError
            raise error(str(self))
        stream = io.BytesIO(content)
        if mode == 'rb':
            return stream
        return io.TextIOWrapper(stream, *args, **kwargs)

    def __str__(self):
        return f'{sys._stdlib_dir}/{self._path}'

    def __repr__(self):
        return f'PackedPath({self._path!r})'


def copy(path, folder):
    """Writes a file, or a folder with all that is in it, into `folder`, under the name that it has."""
    target = folder / path.name
    if path.is_dir():
        target.mkdir()
        for entry in path.iterdir():
            copy(entry, target)
    else:
        target.write_bytes(path.read_bytes())
    return target


@as_file.register(PackedPath)
@contextlib.contextmanager
def packed_as_file(path):
    """The file's name is kept: that of a wheel says what it is."""
    with tempfile.TemporaryDirectory() as folder:
        yield copy(path, pathlib.Path(folder))


class PackedReader(TraversableResources):

    """The resources of a package."""

    def __init__(self, package):
        self._path = package.replace('.', '/')

    def files(self):
        return PackedPath(self._path)
