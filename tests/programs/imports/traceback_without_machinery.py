# An error in a submodule that `from package import name` loads is shown without the import machinery.
import os
import shutil
import sys
import tempfile
import traceback

folder = tempfile.mkdtemp()
package = os.path.join(folder, "package_with_error")
os.mkdir(package)
open(os.path.join(package, "__init__.py"), "w").close()
with open(os.path.join(package, "wrong.py"), "w") as file:
    file.write("1/0\n")
sys.path.insert(0, folder)
try:
    from package_with_error import wrong
except ZeroDivisionError as error:
    for entry in traceback.extract_tb(error.__traceback__):
        print(os.path.basename(entry.filename), entry.lineno, entry.name)
finally:
    shutil.rmtree(folder)

try:
    exec("from . import x", {"__package__": None, "__spec__": None})
except KeyError as error:
    print(error)
