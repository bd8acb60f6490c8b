"""Which functions of the interpreter run at the start and in most programs, for the linker.

    python benches/link_order.py target/release/typhon src/link_order.txt

runs the interpreter, which has to have symbols, under valgrind: once with nothing to do, then
with each program of `programs` at a small size; and writes the functions that were called,
those of the start first, then those that most programs called. See `build.rs`.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
CALLED = re.compile(r"c?fn=\(\d+\) ([A-Za-z0-9_.$]+)")
# What differs from build to build: the hash of a symbol and what is behind it, and the number that
# a symbol gets when it is used across modules.
VARYING = re.compile(r"(17h)[0-9a-f]{16}E.*|([.]llvm[.])[0-9]+$")
HEADER = """\
# Functions of the interpreter that lie side by side in its binary: see build.rs.
# Made by benches/link_order.py.
"""


def lasting(symbol):
    return VARYING.sub(lambda match: match[1] or match[2], symbol)


def functions(typhon, arguments):
    """The functions that a run calls, each once."""
    with tempfile.TemporaryDirectory() as folder:
        record = os.path.join(folder, "record")
        valgrind = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={record}"]
        subprocess.run([*valgrind, typhon, *arguments], capture_output=True, check=True)
        with open(record, encoding="utf-8") as file:
            found = filter(None, map(CALLED.match, file))
            names = dict.fromkeys(match[1] for match in found)
    return list(dict.fromkeys(lasting(name) for name in names))


def own_functions(typhon):
    """The functions that are in the binary, not in a library of the system."""
    listed = subprocess.run(
        ["nm", "--defined-only", typhon], capture_output=True, text=True, check=True
    ).stdout
    symbols = (line.split() for line in listed.splitlines())
    return {lasting(parts[2]) for parts in symbols if len(parts) == 3 and parts[1] in "tTwW"}


def main():
    typhon, output = sys.argv[1:]
    start = functions(typhon, ["-c", "pass"])
    users = Counter()
    for name in sorted(os.listdir(PROGRAMS)):
        if name.endswith(".py") and not name.startswith("_"):
            print(name, flush=True)
            program = os.path.join(PROGRAMS, name)
            users.update(functions(typhon, [program, "--size", "0.002"]))
    common = [name for name, _ in users.most_common()]
    own = own_functions(typhon)
    with open(output, "w", encoding="utf-8") as file:
        file.write(HEADER)
        for name in dict.fromkeys(start + common):
            if name in own:
                file.write(name + "\n")


if __name__ == "__main__":
    main()
