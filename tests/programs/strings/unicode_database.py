"""unicodedata: properties, names, normal forms, and the old version that domain names are defined by."""

import unicodedata

for character in "A1²½ß\u0301Ⅷ\u5146é\uac01\u3042\ud800\U00010ffff\u0378":
    print(
        ascii(character),
        unicodedata.category(character),
        unicodedata.bidirectional(character),
        unicodedata.combining(character),
        unicodedata.mirrored(character),
        unicodedata.east_asian_width(character),
        unicodedata.decomposition(character),
        unicodedata.numeric(character, None),
        unicodedata.digit(character, None),
        unicodedata.decimal(character, None),
        unicodedata.name(character, None),
    )

print(ascii(unicodedata.lookup("latin small letter e with acute")))
print(ascii(unicodedata.lookup("LATIN CAPITAL LETTER GHA")))
print(ascii(unicodedata.lookup("keycap number sign")))
print("\N{SNOWMAN}" == "\u2603", "\N{new line}" == "\n")
for name in ["NEWLINE", "LATIN_SMALL_LETTER_A", "x" * 300]:
    try:
        unicodedata.lookup(name)
    except KeyError as error:
        print(error)
try:
    eval(r"'\N{KEYCAP NUMBER SIGN}'")
except SyntaxError as error:
    print(error.msg)

text = "e\u0301\u0327 \ufb01 \u212b \uac01 \U0002f868 \ud800\u0301"
for form in ["NFC", "NFD", "NFKC", "NFKD"]:
    for database in [unicodedata, unicodedata.ucd_3_2_0]:
        normal = database.normalize(form, text)
        print(form, database.unidata_version, ascii(normal))
        assert database.is_normalized(form, normal)
        assert not database.is_normalized(form, text)

old = unicodedata.ucd_3_2_0
print(old.category("\u0221"), unicodedata.category("\u0221"), old.bidirectional("\u0221") == "")
print(old.numeric("\u0f33"), old.east_asian_width("\u00a1"), old.name("\u0221", None))

for call in [
    lambda: unicodedata.category("ab"),
    lambda: unicodedata.name(1),
    lambda: unicodedata.name("\0"),
    lambda: unicodedata.decimal("a"),
    lambda: unicodedata.numeric("a"),
    lambda: unicodedata.normalize("NFX", "a"),
    lambda: unicodedata.UCD(),
]:
    try:
        call()
    except Exception as error:
        print(type(error).__name__, error)

print("bücher.example".encode("idna"))
