# Sources as bytes: byte order marks, encoding declarations, null bytes, ends of lines.


def outcome(source):
    try:
        compile(source, "<bytes>", "exec")
    except SyntaxError as error:
        return error.msg, error.lineno, error.text
    return None


def value(source):
    namespace = {}
    exec(source, namespace)
    return namespace["x"]


assert value(b"#coding: latin-1\nx = '\xe4'") == "\xe4"
assert value(b"\n# vim: set fileencoding=iso8859-15 :\nx = '\xa4'") == "\u20ac"
assert value(b"\xef\xbb\xbf# coding: utf-8\nx = '\xc3\xa4'") == "\xe4"
assert value(b"x = '''\r\n\r\r\n'''") == value("x = '''\r\n\r\r\n'''") == "\n\n\n"

assert outcome(b"x\0") == ("source code string cannot contain null bytes", None, None)
assert outcome(b"# coding: nothing\n") == ("unknown encoding: nothing", 0, None)
assert outcome(b"\n# coding: ascii\nx = '\xe4'\n") == (
    "'ascii' codec can't decode byte 0xe4 in position 22: ordinal not in range(128)", 0, None)
assert outcome(b"# coding: hex_codec\n") == (
    "'hex_codec' is not a text encoding; use codecs.decode() to handle arbitrary codecs", 0, None)
assert outcome(b"\xef\xbb\xbf#\n# coding: cp1252\n") == ("encoding problem: cp1252 with BOM", 2, "# coding: cp1252")
message, line, text = outcome(b"#\nx = '\xe4'\ny")
assert message.startswith("Non-UTF-8 code starting with '\\xe4' on line 2, but no encoding declared")
assert (line, text) == (2, "x = '\ufffd'")
