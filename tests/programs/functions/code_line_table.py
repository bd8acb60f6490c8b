# co_lnotab: what the lines of code are, in pairs of offset and line changes.
import warnings


def function(flag):
    if flag:

        return 1
    return (
        flag
    )


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    table = function.__code__.co_lnotab
print(caught[0].category.__name__, caught[0].message)

line, lines = function.__code__.co_firstlineno, []
for change in table[1::2]:
    line += change - 256 if change > 127 else change
    lines.append(line - function.__code__.co_firstlineno)
print(lines)

swapped = function.__code__.replace(co_posonlyargcount=1)
print(swapped == function.__code__, hash(swapped) == hash(function.__code__))
