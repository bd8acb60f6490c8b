# finally runs on every way out, and may override it.
def way_out(how):
    log = []

    def run():
        for turn in (1, 2):
            try:
                log.append(f"try {turn}")
                if how == "return":
                    return "returned"
                if how == "break":
                    break
                if how == "continue":
                    continue
                if how == "raise":
                    raise ValueError(turn)
            except ValueError:
                log.append("except")
            else:
                log.append("else")
            finally:
                log.append("finally")
        log.append("after")
        return "end"

    return run(), log


assert way_out("return") == ("returned", ["try 1", "finally"])
assert way_out("break") == ("end", ["try 1", "finally", "after"])
assert way_out("continue") == ("end", ["try 1", "finally", "try 2", "finally", "after"])
assert way_out("raise") == (
    "end",
    ["try 1", "except", "finally", "try 2", "except", "finally", "after"],
)
assert way_out("") == (
    "end",
    ["try 1", "else", "finally", "try 2", "else", "finally", "after"],
)

override = compile(
    """
def returns():
    try:
        return 1
    finally:
        return 2

def swallows():
    for _ in range(2):
        try:
            raise KeyError
        finally:
            break
    return "swallowed"
""",
    "override",
    "exec",
)
import warnings

names = {}
exec(override, names)
assert names["returns"]() == 2
assert names["swallows"]() == "swallowed"


def value_kept():
    value = [1]
    try:
        return value
    finally:
        value = [2]


assert value_kept() == [1]


def nested():
    log = []
    try:
        try:
            try:
                1 / 0
            finally:
                log.append("inner")
        except ZeroDivisionError:
            log.append("caught")
            raise KeyError("again")
        finally:
            log.append("middle")
    except KeyError as error:
        log.append(type(error.__context__).__name__)
    return log


assert nested() == ["inner", "caught", "middle", "ZeroDivisionError"]


def generator():
    try:
        yield 1
        yield 2
    finally:
        events.append("closed")


events = []
for item in generator():
    break
import gc

gc.collect()
assert events == ["closed"]
