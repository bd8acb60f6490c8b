"""A folder in a zip file is run by its name; the file of a program is closed while it runs."""

import os
import subprocess
import sys
import tempfile
import zipfile

MAIN = "import sys, os; print('main of', os.path.basename(sys.path[0]), __spec__.name, sys.argv[1:])"
DESCRIPTORS = """
import os
for number in range(3, 8):
    try:
        os.fstat(number)
    except OSError:
        continue
    print("open:", number)
print("done")
"""

with tempfile.TemporaryDirectory() as folder:
    archive = os.path.join(folder, "packed.zip")
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("__main__.py", MAIN)
        packed.writestr("tool/__init__.py", "")
        packed.writestr("tool/__main__.py", MAIN)
    for program in (archive, os.path.join(archive, "tool")):
        ran = subprocess.run([sys.executable, program, "a"], capture_output=True, text=True)
        print(ran.returncode, ran.stdout.strip())
    ran = subprocess.run([sys.executable, os.path.join(archive, "none")], capture_output=True, text=True)
    print(ran.returncode != 0)
    program = os.path.join(folder, "program.py")
    with open(program, "w") as file:
        file.write(DESCRIPTORS)
    print(subprocess.run([sys.executable, program], capture_output=True, text=True).stdout.split())
