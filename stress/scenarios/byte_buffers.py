"""All threads on one bytearray: own bytes stay, sizes are right, exports forbid resizing."""

import _scenario

ROOM = 64
STEPS = 300


def scenario(round):
    fixed = bytearray(ROOM * 64)
    growing = bytearray()

    def work(index, numbers):
        start = index * ROOM
        mine = bytearray(ROOM)
        appended = 0
        for step in range(STEPS):
            at = numbers.below(ROOM)
            byte = numbers.below(256)
            match numbers.below(9):
                case 0 | 1:
                    fixed[start + at] = mine[at] = byte
                case 2:
                    part = bytes([byte]) * (ROOM - at)
                    fixed[start + at : start + ROOM] = part
                    mine[at:] = part
                case 3:
                    assert fixed[start : start + ROOM] == mine, "own bytes changed"
                case 4:
                    try:
                        growing.append(index)
                        appended += 1
                    except BufferError:
                        pass
                case 5:
                    try:
                        growing.extend(bytes([index]) * 3)
                        appended += 3
                    except BufferError:
                        pass
                case 6:
                    with memoryview(growing) as view:
                        assert len(view) == view.nbytes
                        if len(view):
                            assert view[0] < 64
                case 7:
                    with memoryview(fixed) as view:
                        view[start + at] = byte
                        mine[at] = byte
                        assert view[start : start + ROOM] == mine
                case 8:
                    copy = bytes(growing)
                    assert copy.count(index) == appended
        return mine, appended

    results = round.together(work)
    for index, (mine, appended) in enumerate(results):
        assert fixed[index * ROOM : (index + 1) * ROOM] == mine
        assert growing.count(index) == appended, "an appended byte was lost"
    assert len(growing) == sum(appended for _, appended in results)

    shrinking = bytearray(range(256)) * 4

    def resize(index, numbers):
        for _ in range(100):
            try:
                match numbers.below(4):
                    case 0:
                        del shrinking[numbers.below(len(shrinking) + 1) :]
                    case 1:
                        shrinking[:0] = b"abc"
                    case 2:
                        shrinking.pop()
                    case 3:
                        shrinking.find(b"bc")
                        shrinking.replace(b"a", b"xyz")
            except (BufferError, IndexError):
                pass

    round.together(resize)


_scenario.run(scenario)
