def match_all(x):
    match x:
        case 1 | -2.5 | "text" | None:
            return 0
        case [a, 2, *rest] if a:
            return rest
        case [_, *_, last]:
            return last
        case {"k": v, 1: _, **others}:
            return v, others
        case Point(0, y=Enum.member) as p:
            return p
        case (1 as q, r) | (r, q):
            return q, r
        case _:
            return None
