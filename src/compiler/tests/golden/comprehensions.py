def inlined(a, x):
    return [x for x in a], {x: y for x, y in a if x if y}, {f(x) for x in a for f in [x]}

def captured(a):
    return [lambda: x for x in a]

top = [i for i in range(3)]
lazy = (i * j for i in a for j in b)
