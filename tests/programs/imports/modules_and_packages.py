# Imports of user modules and packages from sys.path: submodules, relative, aliases, errors, reload, cycles.
import importlib
import os
import sys
import tempfile

root = tempfile.mkdtemp()
sys.path.insert(0, root)


def write(path, text):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


write("single.py", "value = 1\n_hidden = 2\ndef f(): return __name__\n")
write(
    "pack/__init__.py",
    "from .sub import name\nfrom . import sub as alias\n__all__ = ['sub', 'name']\nloaded = True\n",
)
write("pack/sub.py", "name = __name__\npackage = __package__\n")
write("pack/deep/__init__.py", "")
write("pack/deep/leaf.py", "from ..sub import name\nfrom . import twin\nimport pack.sub as whole\n")
write("pack/deep/twin.py", "twin = True\n")
write("cycle_a.py", "import cycle_b\nx = 1\ndef late(): return cycle_b.y\n")
write("cycle_b.py", "import cycle_a\ny = 2\nseen = hasattr(cycle_a, 'x')\n")
write("broken.py", "value = 1\n1 / 0\n")
write("syntax_error.py", "def f(:\n")
write("namespace_dir/inner.py", "ok = 1\n")
write(
    "lazy.py",
    "def __getattr__(name):\n    if name == 'computed': return 42\n    raise AttributeError(name)\ndef __dir__(): return ['computed']\n",
)
write("replaces.py", "import sys\nclass Fake: attribute = 7\nsys.modules[__name__] = Fake()\n")

import single

assert single.value == 1
assert single.f() == "single"
assert single.__name__ == "single"
assert single.__file__ == os.path.join(root, "single.py")
assert sys.modules["single"] is single
assert single.__spec__.name == "single"
assert single.__spec__.origin == single.__file__
assert single.__loader__ is single.__spec__.loader
assert repr(single) == f"<module 'single' from {single.__file__!r}>"
import single as other, pack.deep.leaf

assert other is single
assert pack.loaded
assert pack.deep.leaf.name == "pack.sub"
assert pack.deep.leaf.twin.twin
assert pack.deep.leaf.whole is pack.sub is pack.alias
assert pack.__path__ == [os.path.join(root, "pack")]
assert pack.sub.package == "pack"
assert pack.__package__ == "pack"
assert pack.deep.__spec__.parent == "pack.deep"
space = {}
exec("from single import *", space)
assert space["value"] == 1 and "_hidden" not in space
space = {}
exec("from pack import *", space)
assert sorted(k for k in space if k != "__builtins__") == ["name", "sub"]
import cycle_a

assert cycle_a.late() == 2 and cycle_a.cycle_b.seen is False
try:
    import broken
except ZeroDivisionError as error:
    assert "broken" not in sys.modules
try:
    import syntax_error
except SyntaxError as error:
    assert error.filename == os.path.join(root, "syntax_error.py")
import namespace_dir.inner

assert (
    namespace_dir.inner.ok and namespace_dir.__file__ is None if hasattr(namespace_dir, "__file__") else True
)
import lazy

assert lazy.computed == 42 and dir(lazy) == ["computed"]
from lazy import computed

try:
    lazy.nothing
except AttributeError:
    pass
import replaces

assert replaces.attribute == 7
for text, kind, message in [
    ("import nothing_here", ModuleNotFoundError, "No module named 'nothing_here'"),
    ("import pack.nothing", ModuleNotFoundError, "No module named 'pack.nothing'"),
    ("import single.x", ModuleNotFoundError, "No module named 'single.x'; 'single' is not a package"),
    ("from single import zzz", ImportError, f"cannot import name 'zzz' from 'single' ({single.__file__})"),
    ("from . import x", ImportError, "attempted relative import with no known parent package"),
    ("from ...... import x", ImportError, "attempted relative import with no known parent package"),
]:
    try:
        exec(text, {"__name__": "x"})
    except kind as error:
        assert str(error) == message, (text, str(error))
    else:
        raise AssertionError(text)
write("single.py", "value = 2 # longer than before\n")
os.utime(single.__file__, (1, 1))
importlib.invalidate_caches()
again = importlib.reload(single)
assert again is single
assert single.value == 2
assert single._hidden == 2
assert importlib.import_module(".sub", "pack") is pack.sub
assert __import__("pack.deep.leaf") is pack
assert importlib.util.find_spec("nothing_here") is None
sys.modules["blocked"] = None
try:
    import blocked
except ModuleNotFoundError as error:
    assert str(error) == "import of blocked halted; None in sys.modules"
del sys.modules["single"]
import single as fresh

assert fresh is not single and not hasattr(fresh, "_hidden")
cached = importlib.util.cache_from_source(os.path.join(root, "cycle_a.py"))
assert cached.startswith(os.path.join(root, "__pycache__", "cycle_a."))
assert sys.dont_write_bytecode or os.path.exists(cached)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "virtual":
            return importlib.util.spec_from_loader(name, Finder)

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        module.made = True


sys.meta_path.append(Finder)
import virtual

assert virtual.made
import types

m = types.ModuleType("by_hand", "doc")
assert m.__doc__ == "doc"
assert m.__name__ == "by_hand"
assert repr(m) == "<module 'by_hand'>"
import shutil

shutil.rmtree(root)
