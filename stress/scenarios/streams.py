"""Readers and writers of one stream in memory, one buffered file, one text file: each record once."""

import io
import os
import tempfile

import _scenario

RECORDS = 300
SIZE = 16


def record(number):
    return f"{number:<{SIZE - 1}}\n"


def scenario(round):
    everything = "".join(map(record, range(RECORDS)))
    handle, path = tempfile.mkstemp()
    os.write(handle, everything.encode())
    os.close(handle)
    try:
        buffered = open(path, "rb", buffering=256)
        text = open(path)
        both = open(path, "r+b")
        streams = [
            (io.BytesIO(everything.encode()), bytes.decode),
            (io.StringIO(everything), str),
            (buffered, bytes.decode),
            (text, str),
        ]
        for stream, decode in streams:
            for take in (lambda: stream.read(SIZE), stream.readline):
                stream.seek(0)

                def read(index, numbers):
                    taken = []
                    while part := take():
                        taken.append(int(decode(part)))
                    return taken

                taken = [number for part in round.together(read) for number in part]
                assert sorted(taken) == list(range(RECORDS)), (stream, "a record was lost or doubled")

        def disturb(index, numbers):
            for _ in range(60):
                stream, decode = numbers.choice(streams)
                try:
                    match numbers.below(6):
                        case 0:
                            stream.seek(SIZE * numbers.below(RECORDS))
                        case 1:
                            assert stream.tell() >= 0
                        case 2:
                            part = decode(stream.read(numbers.below(100)))
                            assert set(part) <= set("0123456789 \n"), part
                        case 3:
                            assert len(stream.readlines(50)) <= RECORDS
                        case 4:
                            for line in stream:
                                assert len(line) <= SIZE
                                break
                        case 5:
                            both.seek(SIZE * numbers.below(RECORDS))
                            both.write(b"1")
                            both.read(1)
                except OSError as error:
                    # Where a text stream is that another thread reads from cannot always be told.
                    assert "position" in str(error) or "seek" in str(error), error

        round.together(disturb)

        memory = io.BytesIO()

        def resize(index, numbers):
            for _ in range(60):
                try:
                    match numbers.below(5):
                        case 0:
                            memory.write(b"ab" * numbers.below(100))
                        case 1:
                            memory.truncate(numbers.below(100))
                        case 2:
                            with memory.getbuffer() as view:
                                assert set(view) <= {0, 97, 98}
                        case 3:
                            memory.seek(numbers.below(300))
                        case 4:
                            assert set(memory.getvalue()) <= {0, 97, 98}
                except BufferError as error:
                    assert "export" in str(error), error

        round.together(resize)

        def close(index, numbers):
            for _ in range(20):
                for stream, decode in streams:
                    try:
                        if numbers.below(30) == 0:
                            stream.close()
                        stream.seek(0)
                        decode(stream.read(3))
                    except ValueError as error:
                        assert "closed" in str(error), error

        round.together(close)
        for stream, _ in streams:
            stream.close()
        both.close()
    finally:
        os.unlink(path)


_scenario.run(scenario)
