# json: what is written and read, and what the errors say.
import json


def show(function, *args, **keywords):
    try:
        print(repr(function(*args, **keywords)))
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error, getattr(error, "__notes__", None))


show(json.dumps, {1: 2, 1.5: 3, None: 4, True: 5, "é\x7f\u2028😀\"\\\n\x01": 2**70})
show(json.dumps, "é\x7f😀\ud800", ensure_ascii=False)
show(json.dumps, [{"x": [1, object()]}])
show(json.dumps, {object(): 2})
show(json.dumps, {object(): 2}, skipkeys=True)
show(json.dumps, [float("nan")], allow_nan=False)
circle = []
circle.append({"in": circle})
show(json.dumps, circle)
print(json.dumps([1, {"b": [], "a": [1, 2]}], indent=2, sort_keys=True))
for text in [
    "[1,]", "[1 2]", "[", "{", '{"a"', '{"a":1,}', "{1:2}", "-", "01", '"a', '"a\n"', '"\\x"', '"\\u12"',
    '{"a":[1,-2.5e3,"\\ud83d\\ude00"],"a b":null}', "[NaN,-Infinity]", "123456789012345678901234567890",
]:
    show(json.loads, text)
show(json.loads, '{"a":[1,{"b":2}]}', object_pairs_hook=list)
show(json.loads, "[1,1.5,NaN]", parse_int=str, parse_float=str, parse_constant=str)
