"""Blobs: values of a table that are read and written in place."""

import os
import sqlite3

connection = sqlite3.connect(":memory:")
connection.execute("create table files(name text, content blob)")
connection.execute("insert into files values ('a', zeroblob(16))")
connection.execute("insert into files values ('b', ?)", (bytes(range(16)),))

with connection.blobopen("files", "content", 1) as blob:
    print(len(blob), blob.tell(), blob.read(4))
    blob.seek(0)
    blob.write(b"hello")
    blob.write(memoryview(b", world"))
    print(blob.tell(), blob.read(), blob.read())
    blob.seek(-4, os.SEEK_END)
    blob.write(b"!!!!")
    blob[0] = ord("H")
    blob[7:12:2] = b"WRD"
    print(blob[0], blob[-1], blob[:12], blob[::3], blob[3:3])

print(connection.execute("select content from files").fetchall())

blob = connection.blobopen("files", "content", 2, readonly=True)


def refused(work):
    try:
        work()
    except Exception as error:
        print(type(error).__name__, error)
    else:
        print("accepted")


def assign(key, value):
    blob[key] = value


refused(lambda: blob.write(b"x"))
refused(lambda: blob.seek(17))
refused(lambda: blob.seek(0, 3))
refused(lambda: blob[16])
refused(lambda: blob["a"])
refused(lambda: assign(0, 256))
refused(lambda: assign(0, b"x"))
refused(lambda: assign(slice(0, 2), b"x"))
refused(lambda: blob.__delitem__(0))
refused(lambda: connection.blobopen("files", "content", 3))
refused(lambda: connection.blobopen("files", "none", 1))
refused(lambda: sqlite3.Blob())

# Who changes the row takes the value away.
connection.execute("update files set content = 'other' where name = 'b'")
refused(blob.read)
blob.close()
refused(blob.read)

# A connection closes its blobs.
blob = connection.blobopen("files", "content", 1)
connection.close()
refused(blob.read)
refused(blob.close)
