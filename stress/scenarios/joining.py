"""Lists that change while they are joined, sorted, summed and unpacked: results are whole or errors."""

import _scenario

STEPS = 60
WORDS = ["alpha", "beta", "gamma", "delta"]


def scenario(round):
    words = list(WORDS) * 8
    pieces = [word.encode() for word in words]
    numbers_shared = list(range(200))

    def change(index, numbers):
        for _ in range(STEPS * 4):
            word = numbers.choice(WORDS)
            match numbers.below(7):
                case 0:
                    words.append(word)
                    pieces.append(bytearray(word, "ascii"))
                case 1:
                    words[len(words) // 2 :] = [word] * numbers.below(40)
                case 2:
                    pieces[numbers.below(8) :] = [word.encode()] * numbers.below(40)
                case 3:
                    numbers_shared.reverse()
                case 4:
                    if len(numbers_shared) > 400:
                        del numbers_shared[100:]
                    numbers_shared.append(numbers.below(1000))
                case 5:
                    numbers_shared[:] = range(150)
                case 6:
                    words.extend(())

    def use(index, numbers):
        for _ in range(STEPS):
            match numbers.below(8):
                case 0:
                    try:
                        joined = ",".join(words)
                    except (RuntimeError, IndexError):
                        continue
                    assert set(joined.split(",")) <= {"", *WORDS}, joined
                case 1:
                    try:
                        joined = b",".join(pieces)
                    except (RuntimeError, BufferError):
                        continue
                    assert set(joined.decode().split(",")) <= {"", *WORDS}, joined
                case 2:
                    try:
                        assert sum(numbers_shared) >= 0
                        assert 0 <= min(numbers_shared) <= max(numbers_shared) < 1000
                    except ValueError as error:
                        assert "empty" in str(error)
                case 3:
                    first, *rest = numbers_shared or [0]
                    assert all(type(number) is int for number in rest)
                case 4:
                    copy = sorted(numbers_shared)
                    assert all(a <= b for a, b in zip(copy, copy[1:]))
                case 5:
                    assert len({*numbers_shared}) <= 1000
                    assert len(dict(enumerate(numbers_shared))) >= 0
                case 6:
                    assert "%s %s" % tuple(words[:2] or ["a", "b"])[:2] if len(words) > 2 else True
                    f"{words!r} {pieces!r}"
                case 7:
                    other = numbers_shared + words
                    other.extend(numbers_shared)
                    assert {type(item) for item in other} <= {int, str}

    round.together(use, change)

    # A sort whose keys change the list: the error, or a list that has what it had.
    fresh = list(range(100))

    def sort(index, numbers):
        for _ in range(10):
            own = [numbers.below(100) for _ in range(50)]

            def meddling(number):
                if number % 7 == 0:
                    own.append(number)
                return number

            try:
                own.sort(key=meddling)
            except ValueError as error:
                assert str(error) == "list modified during sort", error
            else:
                assert own == sorted(own), "half sorted"
            assert len(own) >= 50, "an item was lost"
            try:
                fresh.sort(key=lambda number: -number if numbers.below(50) else fresh.append(0) or 0)
            except ValueError as error:
                assert str(error) == "list modified during sort", error

    round.together(sort)
    assert all(type(number) is int for number in fresh)


_scenario.run(scenario)
