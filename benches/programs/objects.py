"""Shapes on a canvas: inheritance, properties, super calls, attributes, dicts keyed by objects."""

from _bench import Benchmark, Numbers, fingerprint


class Vector:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __eq__(self, other):
        return isinstance(other, Vector) and self.x == other.x and self.y == other.y

    def __hash__(self):
        return self.x * 31 + self.y

    def __lt__(self, other):
        return (self.x, self.y) < (other.x, other.y)


class Shape:
    made = 0

    def __init__(self, position):
        self.position = position
        self.label = None
        self.moves = 0

    @property
    def area(self):
        return 0

    @classmethod
    def named(cls, label, *arguments):
        shape = cls(*arguments)
        shape.label = label
        return shape

    def move(self, by):
        self.position = self.position + by
        self.moves += 1
        return self

    def describe(self):
        return {"label": self.label, "area": self.area, "moves": self.moves}


class Rectangle(Shape):
    def __init__(self, position, width, height):
        super().__init__(position)
        self.width = width
        self.height = height

    @property
    def area(self):
        return self.width * self.height

    def describe(self):
        facts = super().describe()
        facts["sides"] = 4
        return facts


class Square(Rectangle):
    def __init__(self, position, side):
        super().__init__(position, side, side)

    def move(self, by):
        super().move(by)
        if self.moves % 3 == 0:
            self.width = self.height = self.width % 9 + 1
        return self


class Group(Shape):
    def __init__(self, position, members):
        super().__init__(position)
        self.members = members

    @property
    def area(self):
        return sum(member.area for member in self.members)

    def move(self, by):
        for member in self.members:
            member.move(by)
        return super().move(by)


def scene(seed):
    numbers = Numbers(seed)
    below = numbers.below
    shapes = []
    for index in range(40):
        at = Vector(below(100), below(100))
        if index % 4 == 3:
            shapes.append(Group.named(f"group {index}", at, shapes[-3:]))
        elif index % 2:
            shapes.append(Square.named(f"square {index}", at, 1 + below(9)))
        else:
            shapes.append(Rectangle.named(f"box {index}", at, 1 + below(9), 1 + below(9)))
    places = {}
    for _ in range(12):
        by = Vector(below(5) - 2, below(5) - 2)
        for shape in shapes:
            shape.move(by)
            places[shape.position] = places.get(shape.position, 0) + shape.area
    facts = [shape.describe() for shape in shapes]
    total = sum(fact["area"] * (fact["moves"] + fact.get("sides", 0)) for fact in facts)
    last = max(places)
    return total, len(places), last.x, last.y, getattr(shapes[0], "depth", -1)


def main():
    bench = Benchmark()
    scenes = bench.scaled(2_700)
    with bench:
        answers = bench.each(scene, range(1, scenes + 1))
    bench.report(f"objects {scenes}: {answers[0]} {fingerprint(answers)}")


if __name__ == "__main__":
    main()
