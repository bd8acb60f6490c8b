"""Results of str methods are as narrow as their largest code point asks for, and equal to those made otherwise."""

SAMPLES = ["", "a", "é", "ab", "aé", "éé", "aя", "яя", "я", "a𝄞", "𝄞", "я𝄞é", "straße", "ÿĀ", "\x7f\x80", "\xff"]
for text in SAMPLES:
    wide = "𝄞я" + text + "я𝄞"
    part = wide[2 : 2 + len(text)]
    assert part == text and hash(part) == hash(text) and {part: 1}[text] == 1
    assert part.encode().decode() == text and part.isascii() == all(c < "\x80" for c in text)
    assert ("я" + text)[1:] == text and {("é" + text)[1:]: 2}[text] == 2
    for width in range(6):
        for fill in "*é𝄞":
            left, right = text.ljust(width, fill), text.rjust(width, fill)
            lacking = max(0, width - len(text))
            assert left == text + fill * lacking and right == fill * lacking + text
            assert hash(left) == hash("".join([text, fill * lacking]))
            assert sorted(text.center(width, fill)) == sorted(left)
    for mapped in (text.upper(), text.lower(), text.title(), text.swapcase(), text.casefold()):
        assert {mapped: 3}["".join(list(mapped))] == 3

assert "Ab".lower() == "ab" and "x".upper() == "X" and "".upper() == ""
assert "".ljust(1) == " " and "".center(1, "-") == "-"

# What strip takes off.
for text, chars, left, right in [
    ("(hello),", "(),", "hello),", "(hello"),
    ("xxaxx", "x", "axx", "xxa"),
    ("xxxx", "x", "", ""),
    ("éaé", "é", "aé", "éa"),
    ("яaя", "я", "aя", "яa"),
    ("яaя", "a", "яaя", "яaя"),
    ("abc", "", "abc", "abc"),
    ("aяa", "a", "яa", "aя"),
    ("aba", "яa", "ba", "ab"),
    ("\x85 a\u2003", None, "a\u2003", "\x85 a"),
    ("\xa0a\xa0", None, "a\xa0", "\xa0a"),
]:
    assert (text.lstrip(chars), text.rstrip(chars)) == (left, right), (text, chars)
    assert text.strip(chars) == text.lstrip(chars).rstrip(chars)


# translate asks a dict, and anything else that has items.
class Table(dict):
    def __missing__(self, key):
        return chr(key).upper()


class Failing:
    def __getitem__(self, key):
        raise KeyError(key)


assert "hello".translate({ord("l"): None, ord("o"): "0é", ord("h"): 0x1D11E}) == "𝄞e0é"
assert "hello".translate(Table({ord("l"): "L!"})) == "HEL!L!O"
assert "hélло".translate(Failing()) == "hélло" and "aя".translate({}) == "aя"

# Hashes of ints and of tuples of plain items.
for number in (0, -1, -2, 2**61 - 2, 2**61 - 1, 2**61, -(2**61) + 1, -(2**61), 2**62 - 1, -(2**62)):
    residue = abs(number) % (2**61 - 1) * (-1 if number < 0 else 1)
    assert hash(number) == (-2 if residue == -1 else residue)
    if abs(number) < 2**53:
        assert hash(float(number)) == hash(number)
    assert hash((number, "a")) == hash((number, "".join("a")))
assert hash((1, 2, 3)) == 529344067295497451 and hash(()) == 5740354900026072187
assert hash((1.0, 2, 3.0)) == hash((1, 2, 3)) == hash((True, 2, 3))

# Powers modulo what fits in a word, and what does not.
for base in (0, 1, -1, 2, -7, 123456789, 2**40 + 3, -(2**61)):
    for exponent in (0, 1, 2, 5, 64, 1000003):
        for modulus in (1, 2, 3, 97, 2**31 - 1, 2**61 - 1, 2**62 - 57, 2**70 + 1, -5):
            expected, square, left = 1 % modulus, base % modulus, exponent
            while left:
                if left & 1:
                    expected = expected * square % modulus
                square = square * square % modulus
                left >>= 1
            assert pow(base, exponent, modulus) == expected, (base, exponent, modulus)
