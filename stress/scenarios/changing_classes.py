"""Classes changed while others use them: every call sees the old or the new, nothing else."""

import _scenario

STEPS = 200


def scenario(round):
    class Base:
        value = ("base", 0)

        def method(self):
            return ("method", 0)

        @property
        def computed(self):
            return ("property", 0)

    class Other:
        value = ("other", 0)

        def method(self):
            return ("other method", 0)

    class Child(Base):
        pass

    class Twin(Base):
        pass

    instance = Child()
    instance.own = ("own", 0)
    known = {"base", "other", "child", "method", "other method", "property", "own", "changed"}

    def change(index, numbers):
        for step in range(STEPS):
            match numbers.below(9):
                case 0:
                    Base.method = lambda self, step=step: ("changed", step)
                case 1:
                    Child.value = ("child", step)
                case 2:
                    try:
                        del Child.value
                    except AttributeError:
                        pass
                case 3:
                    Base.computed = property(lambda self, step=step: ("property", step))
                case 4:
                    Base.computed = ("changed", step)
                case 5:
                    Child.__bases__ = (Base, Other) if step % 2 else (Base,)
                case 6:
                    instance.__class__ = Twin if step % 2 else Child
                case 7:
                    setattr(Base, f"extra{index}", step)
                    delattr(Base, f"extra{index}")
                case 8:
                    Base.__call__ = lambda self: ("changed", 0)
                    Base.__len__ = lambda self: 5

    def use(index, numbers):
        for step in range(STEPS):
            match numbers.below(6):
                case 0:
                    assert instance.value[0] in known
                case 1:
                    assert instance.method()[0] in known
                case 2:
                    assert instance.computed[0] in known
                case 3:
                    assert instance.own == ("own", 0)
                    assert isinstance(instance, Base)
                case 4:
                    fresh = Child()
                    fresh.x = step
                    assert fresh.x == step and fresh.method()[0] in known
                case 5:
                    bound = instance.method
                    assert bound()[0] in known
                    try:
                        assert instance()[0] == "changed" and len(instance) == 5
                    except TypeError:
                        pass

    round.together(change, use)
    assert Base in type(instance).__mro__
    assert not [name for name in vars(Base) if name.startswith("extra")]


_scenario.run(scenario)
