# Warnings of the compiler become SyntaxErrors that have a place; they come before errors that follow.
import warnings


def outcome(source, action):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action, SyntaxWarning)
        try:
            compile(source, "<source>", "exec")
        except SyntaxError as error:
            return error.msg, error.lineno, error.offset, len(caught)
    return [(str(warning.message), warning.lineno) for warning in caught]


SENTENCE = '"is" with \'int\' literal. Did you mean "=="?'
assert outcome("\nx is 1", "always") == [(SENTENCE, 2)]
assert outcome("\nx is 1", "error") == (SENTENCE, 2, 1, 0)
escape, line = outcome("'\\z'", "always")[0]
assert "Such sequences will not work in the future." in escape and line == 1
assert outcome("'''\n\\z'''", "error") == (escape.replace(" Such sequences will not work in the future.", ""), 2, 1, 0)
assert outcome("0xfor x", "error") == ("invalid hexadecimal literal", 1, 3, 0)
assert outcome("'\\z' $", "always") == ("invalid syntax", 1, 6, 1)
