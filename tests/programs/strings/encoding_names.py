"""Names of encodings and error handlers: in the development mode they are looked up before they are needed."""

import subprocess
import sys

PROGRAM = """
import io

def outcome(work):
    try:
        work()
    except LookupError as error:
        return str(error)
    return "not asked"

print(outcome(lambda: "".encode(encoding="none")), outcome(lambda: "a".encode(errors="none")))
print(outcome(lambda: b"a".decode(encoding="none")), outcome(lambda: bytearray(b"a").decode(errors="none")))
print(outcome(lambda: str(b"a", "utf-8", "none")), outcome(lambda: bytes("a", "utf-8", "none")))
print(outcome(lambda: io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="none")))
"""

for options in ([], ["-X", "dev"]):
    ran = subprocess.run([sys.executable, *options, "-c", PROGRAM], capture_output=True, text=True)
    print(ran.stdout, end="")

# A byte order mark says UTF-8: nothing else may be declared.
for name in ("utf-8", "latin-1", "ascii"):
    try:
        exec(b"\xef\xbb\xbf# coding: " + name.encode() + b"\nprint('run')")
    except SyntaxError as error:
        print(error.msg)
