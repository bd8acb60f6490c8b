# `-b` warns of bytes that are compared with text or made text; `-bb` makes errors of that.
import subprocess
import sys

PROGRAM = """
for what in ('b"a" == "a"', '"a" != b"a"', 'b"a" == 1', 'bytearray() == ""', 'str(b"a")', 'str(bytearray())', 'b"a" < 1',
             'repr(b"a")', 'b"a" == bytearray(b"a")', '"%s" % b"a"', 'f"{b"a"}"'):
    try:
        print(what, eval(what))
    except Exception as error:
        print(what, type(error).__name__, error)
"""
for option in ("-E", "-b", "-bb"):
    done = subprocess.run([sys.executable, option, "-c", PROGRAM], capture_output=True, text=True)
    print(option, done.returncode)
    print(done.stdout, end="")
    for line in done.stderr.splitlines():
        print(line)
