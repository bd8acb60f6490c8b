"""Virtual environments, also one made from within another, and what installers ask of the library."""

import os
import subprocess
import sys
import sysconfig
import tempfile
from importlib import resources
from pathlib import Path

ASK = """
import site, sys
print(sys.prefix)
print(sys.base_prefix)
print(sys.executable)
print(sys._base_executable)
print([path for path in sys.path if path.endswith("-packages")])
"""


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def check(environment):
    python = environment / "bin" / "python"
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    assert packages.startswith(f"{environment}{os.sep}"), packages
    os.makedirs(packages, exist_ok=True)
    Path(packages, "extra.pth").write_text(f"{environment}{os.sep}extra-packages\nimport sys; sys.from_pth = 1\n")
    (environment / "extra-packages").mkdir()
    prefix, base, executable, base_executable, paths = run(python, "-c", ASK).splitlines()
    assert prefix == str(environment) and executable == str(python)
    assert base == sys.base_prefix, (base, sys.base_prefix)
    assert os.path.samefile(base_executable, os.path.realpath(sys.executable)), base_executable
    assert paths == repr([packages, f"{environment}{os.sep}extra-packages"]), paths
    assert run(python, "-c", "import sys; print(sys.from_pth)") == "1\n"


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder).resolve()
    run(sys.executable, "-m", "venv", "--without-pip", folder / "first")
    check(folder / "first")
    # The environment's names for the interpreter need not be there where it was made.
    run(folder / "first" / "bin" / "python", "-m", "venv", "--without-pip", folder / "second")
    check(folder / "second")

# A file of a package keeps its name, wherever it is put.
for file in [resources.files("email") / "charset.py", resources.files("wsgiref") / "util.py"]:
    with resources.as_file(file) as path:
        print(path.name, path.read_bytes() == file.read_bytes())
with resources.as_file(resources.files("json")) as path:
    print(path.name, (path / "decoder.py").is_file())

# What setuptools wants to know before it tries to compile an extension.
for name in ["CC", "CXX", "CFLAGS", "CCSHARED", "LDSHARED", "LDCXXSHARED", "SHLIB_SUFFIX", "AR", "ARFLAGS"]:
    print(name, type(sysconfig.get_config_var(name)).__name__)
print(sysconfig.get_config_var("SHLIB_SUFFIX"), sysconfig.get_config_var("HAVE_FORK"))
print(sysconfig.get_config_var("SIZEOF_VOID_P") == (8 if sys.maxsize > 2**32 else 4))
