"""Python sources to read: a folder's, or the standard library's own, on disk or frozen.

Run as a program, it writes the standard library's sources into a folder, so that
interpreters with different libraries can be given the same input:

    python _sources.py FOLDER
"""

import os
import sys


class File:
    """A source in a file."""

    def __init__(self, path):
        self.path = path
        self.size = os.path.getsize(path)

    def read(self):
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return file.read()


class Frozen:
    """A source that the module's loader knows."""

    def __init__(self, text):
        self.text = text
        self.size = len(text)

    def read(self):
        return self.text


def frozen_modules():
    """Names and sources of the standard library's modules, as far as loaders tell."""
    from importlib.util import find_spec

    for name in sorted(sys.stdlib_module_names):
        try:
            spec = find_spec(name)
            source = spec.loader.get_source(name)
        except (ImportError, AttributeError, ValueError):
            continue
        if source:
            yield name, source


def files_below(folder):
    """The Python files below a folder, in the order of their names; tests are left out."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            if entry.name not in ("test", "tests", "__pycache__", "site-packages"):
                yield from files_below(entry.path)
        elif entry.name.endswith(".py") and entry.is_file():
            yield File(entry.path)


def find(corpus, limit):
    """Sources of about `limit` bytes together, repeated if there are not so many."""
    folder = corpus or os.path.dirname(getattr(os, "__file__", "") or "")
    if folder and os.path.isdir(folder):
        sources = list(files_below(folder))
    else:
        sources = [Frozen(text) for _, text in frozen_modules()]
    if not sources:
        sys.exit("no sources: give a folder of Python files with --corpus")
    chosen = []
    while limit > 0:
        for source in sources:
            if limit <= 0:
                break
            chosen.append(source)
            limit -= source.size + 1
    return chosen


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for name, source in frozen_modules():
        with open(os.path.join(folder, name + ".py"), "w", encoding="utf-8") as file:
            file.write(source)


if __name__ == "__main__":
    main()
