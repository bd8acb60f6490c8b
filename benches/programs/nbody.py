"""Planets that attract each other: float attributes of small objects, nested loops."""

from math import sqrt

from _bench import Benchmark, Numbers, fingerprint

SYSTEMS = 12
STEPS = 30_000


class Body:
    __slots__ = ("x", "y", "z", "vx", "vy", "vz", "mass")

    def __init__(self, numbers):
        self.x = numbers.fraction() * 10.0 - 5.0
        self.y = numbers.fraction() * 10.0 - 5.0
        self.z = numbers.fraction() - 0.5
        self.vx = numbers.fraction() - 0.5
        self.vy = numbers.fraction() - 0.5
        self.vz = numbers.fraction() * 0.1
        self.mass = numbers.fraction() + 0.01


def advance(bodies, pairs, step):
    for a, b in pairs:
        dx = a.x - b.x
        dy = a.y - b.y
        dz = a.z - b.z
        square = dx * dx + dy * dy + dz * dz + 0.01
        force = step / (square * sqrt(square))
        pull = b.mass * force
        a.vx -= dx * pull
        a.vy -= dy * pull
        a.vz -= dz * pull
        pull = a.mass * force
        b.vx += dx * pull
        b.vy += dy * pull
        b.vz += dz * pull
    for body in bodies:
        body.x += step * body.vx
        body.y += step * body.vy
        body.z += step * body.vz


def energy(bodies, pairs):
    total = 0.0
    for body in bodies:
        speed = body.vx * body.vx + body.vy * body.vy + body.vz * body.vz
        total += 0.5 * body.mass * speed
    for a, b in pairs:
        dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
        total -= a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz + 0.01)
    return total


def main():
    bench = Benchmark()
    steps = bench.scaled(STEPS)

    def simulate(seed):
        numbers = Numbers(seed)
        bodies = [Body(numbers) for _ in range(6)]
        pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
        for _ in range(steps):
            advance(bodies, pairs, 0.001)
        return energy(bodies, pairs)

    with bench:
        energies = bench.each(simulate, range(1, SYSTEMS + 1))
    bench.report(f"nbody {SYSTEMS}x{steps}: {energies[0]} {fingerprint(energies)}")


if __name__ == "__main__":
    main()
