"""What `marshal` refuses to write: instances of subclasses, what is too deep, slices that contain themselves."""

import marshal


def refused(value):
    try:
        marshal.dumps(value)
    except ValueError as error:
        return str(error)
    return "written"


for kind in (int, float, complex, tuple, list, dict, set, frozenset):
    print(kind.__name__, refused(type("Derived", (kind,), {})()))

head = last = []
for _ in range(1998):
    last.append([0])
    last = last[-1]
print(len(marshal.loads(marshal.dumps(head))))
last.append([0])
print(refused(head))

circle = slice([], None)
circle.start.append(circle)
print(refused(circle))
plain = slice(1, 2)
print(marshal.loads(marshal.dumps([plain, plain])))
