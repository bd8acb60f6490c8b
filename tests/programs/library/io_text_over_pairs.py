"""A text stream over two streams that have no position: writing does not drop what was read ahead."""

import io
import threading

pair = io.BufferedRWPair(io.BytesIO(b"first\nsecond\nthird"), io.BytesIO())
text = io.TextIOWrapper(pair, encoding="utf-8")
print(repr(text.readline()))
text.write("answer")
text.flush()
print(repr(text.readline()), repr(text.read()))

# What is read ahead does not keep `readinto1` from filling a buffer that is larger than the stream's.
class Pieces(io.RawIOBase):
    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def readable(self):
        return True

    def readinto(self, target):
        piece = self.pieces.pop(0) if self.pieces else b""
        target[: len(piece)] = piece
        return len(piece)


reader = io.BufferedReader(Pieces(b"abc", b"de", b"fgh"), 10)
print(reader.peek(), reader.readinto1(small := bytearray(2)), small)
print(reader.readinto1(large := bytearray(20)), large[:3])


# A write does not reach a file that another thread closes meanwhile.
class SlowlyFlushed(io.RawIOBase):
    def __init__(self):
        self.flushing = threading.Event()
        self.go_on = threading.Event()

    def writable(self):
        return True

    def write(self, data):
        return len(data)

    def flush(self):
        self.flushing.set()
        self.go_on.wait()


raw = SlowlyFlushed()
writer = io.BufferedWriter(raw, 8)
closing = threading.Thread(target=writer.close)
closing.start()
raw.flushing.wait()
outcome = []


def write():
    try:
        writer.write(b"late")
    except ValueError as error:
        outcome.append(str(error))


writing = threading.Thread(target=write)
writing.start()
raw.go_on.set()
writing.join()
closing.join()
print(outcome, writer.closed)


# Streams that are detached, or detach themselves, say what they can.
text = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
text.detach()
print(text.encoding, text.errors, text.line_buffering)
try:
    io.TextIOWrapper(io.BytesIO())._CHUNK_SIZE = 2**100
except ValueError as error:
    print(error)

# A raw file is flushed before it is closed.
with open(__file__, "rb", buffering=0) as file:
    descriptor = io.FileIO(file.fileno(), closefd=False)
    states = []
    descriptor.flush = lambda: states.append(descriptor.closed)
    descriptor.close()
    print(states, descriptor.closed)
