# What is said of f-strings that are wrong before they end, and of t-strings; what has no place at the end.
SOURCES = [
    "f'{!'", "f'{='", "F'{[F'{:'}[F'{:'}]]]", "f'{1=}{;'", "f'{1=}{1;'", "f'{+;'", "f'{3:{{>10}'", "f'{lambda x:}'",
    "f'{lambda :}'", "f'{lambda x:a}'", "f'{(lambda x:)}'", "t'{lambda x:1}'", "f'{a b'", "f'{a!x'", "f'{a! r}'",
    "f'{a:{b:{c:{d}}}}'", "f'{a:{b:{c}}}'", "f'{ {1: {2: {3: 4}}} }'", "f'{a:{b}{c}{d}}'",
]
for source in SOURCES:
    try:
        compile(source, "<source>", "exec")
        print(source, "is right")
    except SyntaxError as error:
        print(source, error.msg, error.lineno, error.offset, error.end_lineno, error.end_offset, sep=" | ")
for source in ["1 +", "1 +\n", "a.", "not", "\n\n1 +", "(1 +"]:
    for mode in ["eval", "exec", "single"]:
        try:
            compile(source, "<source>", mode)
        except SyntaxError as error:
            print(repr(source), mode, error.msg, error.lineno, error.offset, error.end_lineno, error.end_offset)
