"""Which functions of the interpreter run at the start and in most programs, for the linker.

    python benches/link_order.py src/link_order.txt target/release/typhon target/debug/typhon

runs interpreters, which have to have symbols, under valgrind: each with nothing to do, then the
first with each program of `programs` at a small size. The functions that were called are written
to the file, those of the start first, then those that most programs called. See `build.rs`.

What is in the file stays there: a build may call a function that another one has inlined. For
the same reason a debug build is a good second interpreter. Begin with an empty file to be rid of
functions that are gone.
"""

import fnmatch
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
# Parts of the interpreter that every program uses, as the linker's patterns.
FAMILIES = [
    "*6TABLES4fill17h*",
    "_ZN4core3ptr*drop_in_place$LT$*typhon_runtime*",
    "_ZN11typhon_sync*",
    "_ZN12typhon_alloc*",
    "_ZN14typhon_runtime2vm*",
    "_ZN14typhon_runtime5class*",
    "_ZN14typhon_runtime6import*",
    "_ZN14typhon_runtime6object*",
    "_ZN14typhon_runtime7objects4code*",
    "_ZN14typhon_runtime7objects4dict*",
    "_ZN14typhon_runtime7objects4list*",
    "_ZN14typhon_runtime7objects4str_*",
    "_ZN14typhon_runtime7objects5tuple*",
    "_ZN14typhon_runtime7objects5type_*",
    "_ZN14typhon_runtime7objects6module*",
    "_ZN14typhon_runtime7objects8function*",
    "_ZN14typhon_runtime7objects9constants*",
    "_ZN14typhon_runtime7pending*",
    "_ZN14typhon_runtime8instance*",
    "_ZN14typhon_runtime9collector*",
    "_ZN14typhon_runtime9protocols*",
    "_ZN13typhon_stdlib2io4file*",
    "_ZN13typhon_stdlib3imp*",
    "_ZN13typhon_stdlib9lifecycle*",
]
START = "# The start"
PROGRAMS_CALL = "# Programs"
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


def recorded(path):
    """The functions of the file, those of the start and the others."""
    parts = {START: [], PROGRAMS_CALL: []}
    part = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                part = parts.get(line, part)
                if not line.startswith("#"):
                    part.append(line)
    return parts[START], parts[PROGRAMS_CALL]


def write(path, start, common):
    """Writes the file. Functions of the families are left out: their patterns stand for them."""
    family = re.compile("|".join(f"(?:{fnmatch.translate(pattern)})" for pattern in FAMILIES))
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEADER)
        print(START, file=file)
        print(*FAMILIES, sep="\n", file=file)
        seen = set(FAMILIES)
        for title, names in [(None, start), (PROGRAMS_CALL, common)]:
            if title:
                print(title, file=file)
            for name in names:
                if name not in seen and not family.match(name):
                    seen.add(name)
                    print(name, file=file)


def main():
    output, *typhons = sys.argv[1:]
    start, common = recorded(output)
    own = set()
    for typhon in typhons:
        start += functions(typhon, ["-c", "pass"])
        own |= own_functions(typhon)
    users = Counter()
    for name in sorted(os.listdir(PROGRAMS)):
        if name.endswith(".py") and not name.startswith("_"):
            print(name, flush=True)
            program = os.path.join(PROGRAMS, name)
            users.update(functions(typhons[0], [program, "--size", "0.002"]))
    common += [name for name, _ in users.most_common()]
    known = own.union(*recorded(output))
    keep = lambda names: [name for name in names if name in known]
    write(output, keep(start), keep(common))


if __name__ == "__main__":
    main()
