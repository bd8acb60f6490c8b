"""Codecs looked up, registered and unregistered at once: whoever asks finds them, from the first time on."""

import codecs
import subprocess
import sys

import _scenario

NAMES = ["latin1", "utf-16-le", "cp437", "koi8-r", "idna", "rot13", "utf-7", "iso8859-5"]

FIRST = f"""
import threading, codecs
start = threading.Barrier(6)
def look():
    start.wait()
    for name in {NAMES!r}:
        assert codecs.lookup(name)
        codecs.lookup_error("strict")
threads = [threading.Thread(target=look) for _ in range(6)]
failed = []
threading.excepthook = failed.append
for thread in threads: thread.start()
for thread in threads: thread.join()
assert not failed, failed
"""


def scenario(round):
    if round.number % 10 == 0:
        # The first look-up of a process imports what knows the codecs.
        subprocess.run([sys.executable, "-c", FIRST], check=True)

    def work(index, numbers):
        own = f"own{index}"
        info = codecs.lookup("utf-8")

        def search(name):
            return info if name == own else None

        codecs.register(search)
        for step in range(40):
            match numbers.below(5):
                case 0:
                    assert b"\xe4".decode(numbers.choice(["latin1", "cp1252"])) == "\xe4"
                case 1:
                    assert "text".encode(numbers.choice(NAMES[:5])).decode("latin1") in (
                        "text",
                        "t\0e\0x\0t\0",
                    )
                case 2:
                    assert codecs.lookup(own) is info
                case 3:
                    try:
                        codecs.lookup(f"none{step}")
                    except LookupError:
                        continue
                    raise AssertionError("found what there is not")
                case 4:
                    codecs.register_error(own, codecs.replace_errors)
                    assert "\u20ac".encode("ascii", own) == b"?"
        codecs.unregister(search)
        try:
            codecs.lookup(own)
        except LookupError:
            return
        raise AssertionError("found what was unregistered")

    round.together(work)


_scenario.run(scenario)
