"""Memory views released while used, arrays and maps that change, one Struct for all: no byte that is not there."""

import array
import mmap
import struct

import _scenario

STEPS = 80
ROOM = 64
RECORD = struct.Struct("<IHq4s")


def scenario(round):
    base = bytearray(range(256)) * 4
    shared_view = [memoryview(base)]
    growing = array.array("q", range(100))
    mapped = mmap.mmap(-1, ROOM * 64)
    records = bytearray(RECORD.size * 64)

    def work(index, numbers):
        appended = 0
        for step in range(STEPS):
            match numbers.below(10):
                case 0:
                    try:
                        view = shared_view[0]
                        part = view[: numbers.below(200)]
                        assert part.tobytes() == bytes(range(256))[: len(part)]
                        part.release()
                    except ValueError as error:
                        assert "released" in str(error), error
                case 1:
                    old, shared_view[0] = shared_view[0], memoryview(base)
                    try:
                        old.release()
                    except BufferError as error:
                        assert "export" in str(error), error
                case 2:
                    try:
                        base.append(1)
                        base.pop()
                    except BufferError as error:
                        assert "export" in str(error), error
                case 3:
                    view = shared_view[0]
                    try:
                        assert sum(view[:10]) == 45 and list(view[:3]) == [0, 1, 2]
                        assert hash(view.toreadonly()[:4].tobytes()) == hash(bytes([0, 1, 2, 3]))
                    except ValueError as error:
                        assert "released" in str(error), error
                case 4:
                    try:
                        growing.append(-1 - index)
                        appended += 1
                    except BufferError:
                        pass
                case 5:
                    with memoryview(growing) as items:
                        assert items.format == "q" and items.nbytes == 8 * len(items)
                        if len(items):
                            assert items[0] == 0
                case 6:
                    copy = array.array("q", growing)
                    assert copy[:100].tolist() == list(range(100))
                    assert copy.count(-1 - index) == appended
                    assert growing.tobytes()[:8] == bytes(8)
                case 7:
                    start = index * ROOM
                    mine = bytes([numbers.below(256)]) * ROOM
                    mapped[start : start + ROOM] = mine
                    assert mapped[start : start + ROOM] == mine
                    assert mapped.find(mine, start, start + ROOM) == start
                case 8:
                    number = numbers.below(1 << 30)
                    record = number, index, -number, b"abcd"
                    RECORD.pack_into(records, index * RECORD.size, *record)
                    assert RECORD.unpack_from(records, index * RECORD.size) == record
                    assert RECORD.unpack(RECORD.pack(*record)) == record
                case 9:
                    try:
                        cast = shared_view[0].cast("I").cast("B")
                        assert cast[255] == 255
                        cast.release()
                    except ValueError as error:
                        assert "released" in str(error), error
                    for number, *_ in RECORD.iter_unpack(bytes(records)):
                        assert number < 1 << 30
        return appended

    appended = round.together(work)
    for index, count in enumerate(appended):
        assert growing.count(-1 - index) == count, "an appended item was lost"

    def close(index, numbers):
        for _ in range(20):
            try:
                if numbers.below(40) == 0:
                    mapped.close()
                assert len(mapped[: ROOM * 64]) == ROOM * 64
                mapped[index] = index
                mapped.seek(0)
                mapped.read(10)
            except ValueError as error:
                assert "closed" in str(error) or "out of range" in str(error), error

    round.together(close)
    mapped.close()
    shared_view[0].release()


_scenario.run(scenario)
