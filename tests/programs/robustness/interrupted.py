# Ctrl-C ends whatever the main thread is at: waiting, computing, reading, in both ways of locking.
import signal
import subprocess
import sys
import time

PREFIX = """
import os, queue, re, select, signal, socket, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
print("ready", flush=True)
"""
PROGRAMS = [
    "time.sleep(60)",
    "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "lock = threading.Lock(); lock.acquire(); lock.acquire(timeout=60)",
    "with threading.Condition() as condition: threading.Condition().wait() if 0 else time.sleep(60)",
    "threading.Event().wait()",
    "queue.Queue().get()",
    "queue.SimpleQueue().get(timeout=60)",
    "threading.Barrier(2).wait()",
    "t = threading.Thread(target=time.sleep, args=(60,), daemon=True); t.start(); t.join()",
    "input()",
    "sys.stdin.read()",
    "os.read(os.pipe()[0], 1)",
    "r, w = os.pipe(); open(w, 'wb').write(bytes(1 << 20))",
    "a, b = socket.socketpair(); a.recv(1)",
    "s = socket.create_server(('127.0.0.1', 0)); s.accept()",
    "select.select([], [], [], 60)",
    "signal.pause()",
    "while True: pass",
    "def f(n):\n    if n: f(n - 1); f(n - 1)\nf(60)",
    "sorted(range(10**7), key=lambda n: [0 for _ in range(100)])",
]
for program in PROGRAMS:
    process = subprocess.Popen(
        [sys.executable, "-c", PREFIX + program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n", program
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(program) from None
    last = process.stderr.read().splitlines()[-1]
    assert (process.returncode, last) == (-signal.SIGINT, "KeyboardInterrupt"), (program, last)
    process.communicate()
