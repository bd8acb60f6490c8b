"""mmap: reading, writing, searching, resizing, views of it, and what is refused."""

import mmap
import tempfile

with tempfile.TemporaryFile() as file:
    file.write(b"first line\nsecond line\n" + bytes(5000))
    file.flush()
    with mmap.mmap(file.fileno(), 0) as pages:
        print(pages, len(pages), pages.size())
        print(pages.readline(), pages.tell(), pages.read(6), pages[0], pages[:5], pages[10:0:-3])
        print(pages.find(b"line"), pages.find(b"line", 0), pages.rfind(b"line"), pages.find(b"none"))
        pages[:5] = b"FIRST"
        pages.seek(-3, 2)
        pages.write(b"end")
        pages.move(20, 0, 5)
        pages.flush()
        file.seek(0)
        print(file.read(25), pages[-3:])
        view = memoryview(pages)
        for refused in [pages.close, lambda: pages.resize(100)]:
            try:
                refused()
            except BufferError as error:
                print(error)
        view[0] = ord("f")
        view.release()
        pages.resize(8192)
        print(len(pages), pages.size(), pages[:5])
    try:
        pages[0]
    except ValueError as error:
        print(error, pages.closed, pages)
    with mmap.mmap(file.fileno(), 10, access=mmap.ACCESS_READ) as constant:
        print(memoryview(constant).readonly)
        for refused in [lambda: constant.write(b"x"), lambda: constant.resize(5), lambda: constant.read_byte() and constant[99]]:
            try:
                refused()
            except Exception as error:
                print(type(error).__name__, error)
    with mmap.mmap(file.fileno(), 10, access=mmap.ACCESS_COPY) as copy:
        copy[:] = b"0123456789"
    file.seek(0)
    print(file.read(5))

memory = mmap.mmap(-1, 20)
print(memory.write(b"abc"), memory.tell(), list(memory)[:4])
for refused in [
    lambda: memory.write(b"x" * 20),
    lambda: memory.seek(21),
    lambda: memory.seek(0, 5),
    lambda: memory.resize(40),
    lambda: memory.__setitem__(0, 256),
    lambda: memory.__setitem__(slice(0, 2), b"x"),
    lambda: mmap.mmap(-1, -1),
    lambda: mmap.mmap(-1, 10, access=9),
]:
    try:
        refused()
    except Exception as error:
        print(type(error).__name__, error)
memory.close()
