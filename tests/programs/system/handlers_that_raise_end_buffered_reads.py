# A handler's InterruptedError says no errno: the read it came in is not taken up again.
import io
import os
import signal


class Wanted(InterruptedError):
    pass


def handler(number, frame):
    raise Wanted("handler")


signal.signal(signal.SIGUSR1, handler)
reading, writing = os.pipe()


class Raw(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        signal.raise_signal(signal.SIGUSR1)
        return 0



for read in (lambda file: file.read(1), lambda file: file.read1(1), lambda file: file.readline()):
    try:
        read(io.BufferedReader(Raw()))
    except Wanted as error:
        print(repr(error), error.errno)
os.close(writing)
print(open(reading, "rb").read(1))
