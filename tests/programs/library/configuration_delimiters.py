"""configparser: a delimiter may be white space, also beside others."""

import configparser

for delimiters in ((" ", "="), ("=",), ("\t",)):
    for line in ("foo bar=baz", "foo   bar=baz", "foo = bar=baz", "foo\t \t=\t bar=baz", "two words = value"):
        parser = configparser.ConfigParser(delimiters=delimiters, allow_no_value=True)
        parser.read_string(f"[all]\n{line}\n")
        print(delimiters, dict(parser["all"]))
