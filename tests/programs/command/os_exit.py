# exit: 5
# os._exit ends at once: no finally, no atexit, no flush of standard output.
import atexit
import os

atexit.register(print, "never")
print("flushed", flush=True)
print("not flushed", end="")
try:
    os._exit(5)
finally:
    print("never")
