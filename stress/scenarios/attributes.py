"""All threads on the attributes of one object, with a dict, with slots, through __dict__."""

import _scenario

STEPS = 300


class Open:
    pass


class Slotted:
    __slots__ = ("a", "b", "c", "d")


class Guarded:
    """Attributes that go through Python code."""

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)

    def __getattr__(self, name):
        return ("missing", name)


def scenario(round):
    box, slotted, guarded = Open(), Slotted(), Guarded()

    def work(index, numbers):
        mine = {}
        for step in range(STEPS):
            name = f"t{index}_{numbers.below(20)}"
            value = (name, step)
            match numbers.below(12):
                case 0 | 1 | 2:
                    setattr(box, name, value)
                    mine[name] = value
                case 3:
                    assert getattr(box, name, None) == mine.get(name)
                case 4:
                    try:
                        delattr(box, name)
                        del mine[name]
                    except AttributeError:
                        assert name not in mine
                case 5:
                    box.__dict__[name] = mine[name] = value
                case 6:
                    box.shared = (step, step)
                case 7:
                    pair = getattr(box, "shared", (0, 0))
                    assert pair[0] == pair[1]
                case 8:
                    slot = "abcd"[numbers.below(4)]
                    try:
                        if step % 3:
                            setattr(slotted, slot, (slot, step))
                        else:
                            delattr(slotted, slot)
                    except AttributeError:
                        pass
                case 9:
                    slot = "abcd"[numbers.below(4)]
                    assert getattr(slotted, slot, (slot,))[0] == slot
                case 10:
                    setattr(guarded, "value", ("value", step))
                    assert guarded.value[0] == "value"
                    assert guarded.nothing == ("missing", "nothing")
                case 11:
                    try:
                        for key, found in vars(box).items():
                            assert key == "shared" or found[0] == key
                    except RuntimeError as error:
                        assert "changed" in str(error)
        return mine

    expected = {}
    for mine in round.together(work):
        expected.update(mine)
    vars(box).pop("shared", None)
    assert vars(box) == expected, "an attribute was lost or came back"

    replaced = Open()

    def replace(index, numbers):
        for step in range(50):
            if numbers.below(3) == 0:
                replaced.__dict__ = {"value": (step, step)}
            elif numbers.below(2):
                replaced.value = (step, step)
            else:
                pair = getattr(replaced, "value", (0, 0))
                assert pair[0] == pair[1]

    round.together(replace)


_scenario.run(scenario)
