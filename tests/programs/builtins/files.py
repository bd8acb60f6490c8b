# open and io: text and binary files, newlines, buffering, seek, encodings, errors, StringIO and BytesIO.
import io
import os
import tempfile

folder = tempfile.mkdtemp()
path = os.path.join(folder, "file.txt")
with open(path, "w", encoding="utf-8") as f:
    assert f.write("first\nzweite ü\nthird") == 20
    assert f.name == path
    assert f.mode == "w"
    assert not f.closed
    assert f.writable()
    assert not f.readable()
assert f.closed
with open(path, encoding="utf-8") as f:
    assert f.readline() == "first\n"
    assert f.read(3) == "zwe"
    assert f.readlines() == ["ite ü\n", "third"]
    assert f.read() == ""
    f.seek(0)
    assert [line.strip() for line in f] == ["first", "zweite ü", "third"]
    assert f.tell() == 21
with open(path, "rb") as f:
    assert f.read() == "first\nzweite ü\nthird".encode()
    assert f.seek(-5, 2) == 16
    assert f.read(2) == b"th"
    assert f.tell() == 18
    assert isinstance(f, io.BufferedReader)
    assert isinstance(f.raw, io.FileIO)
with open(path, "a") as f:
    f.write("\nmore")
with open(path, "r+") as f:
    f.write("FIRST")
    f.seek(0)
    assert f.readline() == "FIRST\n"
    f.seek(0, 2)
    assert f.tell() == os.path.getsize(path)
    f.truncate(5)
assert open(path).read() == "FIRST"
for mode, kind in [("x", FileExistsError), ("rw", ValueError), ("", ValueError), ("rbt", ValueError)]:
    try:
        open(path, mode)
    except kind:
        pass
    else:
        raise AssertionError(mode)
with open(path, "wb") as f:
    f.write(b"a\r\nb\rc\n")
    f.write(bytearray(b"d"))
assert open(path).read() == "a\nb\nc\nd"
assert open(path, newline="").read() == "a\r\nb\rc\nd"
assert open(path, newline="\n").readlines() == ["a\r\n", "b\rc\n", "d"]
with open(path, "w", newline="\r\n") as f:
    f.writelines(["a\n", "b\n"])
assert open(path, "rb").read() == b"a\r\nb\r\n"
with open(path, "wb") as f:
    f.write(b"\xff\xfe")
try:
    open(path, encoding="utf-8").read()
except UnicodeDecodeError:
    pass
assert open(path, encoding="utf-8", errors="replace").read() == "\ufffd\ufffd"
assert open(path, encoding="latin-1").read() == "ÿþ"
f = open(path)
f.close()
for action in f.read, f.readline, lambda: iter(f).__next__(), f.tell, f.fileno:
    try:
        action()
    except ValueError as error:
        assert (
            str(error) == "I/O operation on closed file" or str(error) == "I/O operation on closed file."
        ), error
    else:
        raise AssertionError
try:
    open(path, "w").read()
except io.UnsupportedOperation as error:
    assert str(error) == "not readable"
with open(path, "wb", buffering=0) as f:
    assert isinstance(f, io.FileIO) and f.write(b"raw") == 3
buffer = bytearray(2)
with open(path, "rb") as f:
    assert f.readinto(buffer) == 2
    assert buffer == b"ra"
    assert f.peek()[:1] == b"w"
big = "line of text\n" * 50_000
with open(path, "w") as f:
    f.write(big)
assert open(path).read() == big
assert sum(1 for _ in open(path)) == 50_000
assert len(open(path).readlines(100)) < 20
s = io.StringIO("a\nb")
assert s.readline() == "a\n"
assert s.read() == "b"
assert s.write("c") == 1
assert s.getvalue() == "a\nbc"
assert s.seek(1) == 1
assert s.truncate() == 1
assert s.getvalue() == "a"
b = io.BytesIO(b"abc")
assert b.read(1) == b"a"
assert b.getbuffer()[1] == 98
assert b.seek(0, 2) == 3
assert b.write(b"d") == 1
assert b.getvalue() == b"abcd"
assert list(io.BytesIO(b"1\n2")) == [b"1\n", b"2"]
t = io.TextIOWrapper(io.BytesIO("é\n".encode("utf-16")), encoding="utf-16")
assert t.read() == "é\n"
r, w = os.pipe()
with open(w, "w") as out:
    out.write("through a pipe")
with open(r) as into:
    assert into.read() == "through a pipe"
fd = os.open(path, os.O_RDONLY)
assert os.read(fd, 4) == b"line" and os.lseek(fd, 0, 0) == 0
os.close(fd)
try:
    os.read(fd, 1)
except OSError as error:
    assert error.errno == 9
import pathlib

p = pathlib.Path(folder) / "sub" / "x.txt"
p.parent.mkdir()
p.write_text("text")
assert p.read_text() == "text"
assert p.exists()
assert p.suffix == ".txt"
assert [q.name for q in pathlib.Path(folder).rglob("*.txt")].count("x.txt") == 1
assert p.stat().st_size == 4
import shutil

shutil.rmtree(folder)
assert not os.path.exists(folder)
