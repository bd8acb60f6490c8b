def loops(items, flag):
    for i, (j, k) in items:
        if i is None:
            continue
        if not j and (k or i == 1):
            break
    else:
        return 0
    while flag:
        flag -= 1
    while True:
        if items:
            return items

def conditions(a, b):
    x = a if b else 1
    y = a and b or not a
    z = 0 < a <= b
    if a in (1, 2) and b not in [3, 4] and a in {5, 6}:
        assert x, "message"
    if 0:
        dead()
    return x, y, z

def unpack(a, b):
    a, b = b, a
    c, *d, e = a
    [f, (g, h)] = b
    return a[1:2], a[b:c], a[::2]
