# What a program leaves behind is finalized at its end: globals, cycles, attributes of other modules, the
# main thread's local data; files are flushed; weakref.finalize runs before that.
import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref

inner = """
import atexit, sys, threading, weakref, json
class Noisy:
    def __init__(self, name): self.name = name
    def __del__(self): print("del", self.name, sys.is_finalizing())
plain = Noisy("global")
cycle = Noisy("cycle"); cycle.self = cycle
json.noisy = Noisy("attribute of a module")
local = threading.local(); local.noisy = Noisy("local data")
anchor = Noisy("anchor")
weakref.finalize(anchor, print, "finalize")
atexit.register(print, "atexit")
left_open = open(sys.argv[1], "w"); left_open.write("buffered")
binary = open(sys.argv[2], "wb"); binary.write(b"bytes")
"""
with tempfile.TemporaryDirectory() as folder:
    paths = [os.path.join(folder, name) for name in ("text", "binary")]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", inner, *paths], capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stderr == "", done
    lines = done.stdout.splitlines()
    assert lines[:2] == ["atexit", "finalize"], lines
    assert sorted(lines[2:]) == [
        "del anchor True",
        "del attribute of a module True",
        "del cycle True",
        "del global True",
        "del local data True",
    ], lines
    assert [open(path).read() for path in paths] == ["buffered", "bytes"]

# Daemon threads sleep while modules are taken apart: none sees a name that is gone.
busy = """
import threading, time
def work():
    while True:
        len(str(time.time())); threading.current_thread()
for _ in range(4): threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""
for _ in range(3):
    done = subprocess.run([sys.executable, "-c", busy], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
