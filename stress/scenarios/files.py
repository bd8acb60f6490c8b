"""All threads on one file, one StringIO, one BytesIO and their own files: lines stay whole."""

import io
import os
import tempfile

import _scenario

LINES = 80


def scenario(round):
    handle, path = tempfile.mkstemp()
    shared = os.fdopen(handle, "w")
    text, data = io.StringIO(), io.BytesIO()

    def work(index, numbers):
        for step in range(LINES):
            line = f"{index} {step} {'x' * numbers.below(50)}.\n"
            shared.write(line)
            text.write(line)
            data.write(line.encode())
            if numbers.below(10) == 0:
                shared.flush()
        own, name = tempfile.mkstemp()
        with os.fdopen(own, "w+b") as file:
            file.write(bytes([index]) * 1000)
            file.seek(0)
            assert file.read() == bytes([index]) * 1000
        os.unlink(name)

    try:
        round.together(work)
        shared.close()
        with open(path) as file:
            lines = file.read()
    finally:
        os.unlink(path)
    expected = sorted((i, s) for i in range(round.threads) for s in range(LINES))
    for content in (lines, text.getvalue(), data.getvalue().decode()):
        found = []
        for line in content.splitlines():
            index, step, rest = line.split(" ")
            assert rest.endswith(".") and set(rest) <= {"x", "."}, line
            found.append((int(index), int(step)))
        assert sorted(found) == expected, "a line was lost or doubled"


_scenario.run(scenario)
