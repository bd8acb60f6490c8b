"""Lines of text files: by iteration, by readline, both mixed, with all kinds of line ends."""

import os
import tempfile

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "text")
    text = "".join(f"line {i} {'é' * (i % 5)}\n" for i in range(2000)) + "no end"
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    with open(path, encoding="utf-8") as file:
        assert list(file) == text.splitlines(True)
        assert list(file) == []
        file.seek(0)
        lines = []
        for number, line in enumerate(file):
            lines.append(line)
            if number % 3 == 0:
                lines.append(file.readline())
            if number % 7 == 0:
                lines.append(file.read(3))
        assert "".join(lines) == text
        file.seek(0)
        next(file)
        try:
            file.tell()
        except OSError as error:
            assert str(error) == "telling position disabled by next() call"
        else:
            raise AssertionError("told")
        file.seek(0)
        next(file)
        file.close()
        try:
            next(file)
        except ValueError as error:
            assert str(error) == "I/O operation on closed file."
        else:
            raise AssertionError("read")
    with open(path, "r+", encoding="utf-8") as file:
        assert next(file) == "line 0 \n"
        file.seek(0)
        file.write("LINE")
        file.seek(0)
        assert next(file) == "LINE 0 \n"

    mixed = "a\r\nb\rc\n\r\n" * 3000
    with open(path, "w", newline="") as file:
        file.write(mixed)
    universal = mixed.replace("\r\n", "\n").replace("\r", "\n")
    for newline, expected in [
        (None, universal.splitlines(True)),
        ("", mixed.splitlines(True)),
        ("\n", [part + "\n" for part in mixed.split("\n")[:-1]]),
        ("\r\n", [part + "\r\n" for part in mixed.split("\r\n")[:-1]]),
    ]:
        with open(path, newline=newline) as file:
            assert list(file) == expected, newline
