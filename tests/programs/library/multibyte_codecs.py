"""The encodings of East Asia: all characters and pairs of bytes by checksum, errors, pieces, streams."""

import codecs
import io
import zlib

NAMES = ("shift_jis cp932 euc_jp euc_kr cp949 gb2312 gbk gb18030 hz big5 cp950 "
         "iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_ext iso2022_kr").split()
everything = "".join(map(chr, range(0x80, 0xD800))) + "".join(map(chr, range(0xE000, 0x10000))) + "\U00010000\U0010ffff"
pairs = b"".join(bytes([first, second, 0x20]) for first in range(0x80, 0x100) for second in range(0x30, 0x100))
text = "\u65e5\u672c \uff71\u3042~\\\n"
for name in NAMES:
    encoded = everything.encode(name, "ignore")
    decoded = pairs.decode(name, "replace").encode("utf-8", "surrogatepass")
    print(name, len(encoded), zlib.crc32(encoded), zlib.crc32(decoded))
    try:
        "a\U0001f600".encode(name)
    except UnicodeEncodeError as error:
        print(error, "a\U0001f600b".encode(name, "replace"), "\U0001f600".encode(name, "xmlcharrefreplace"))
    for wrong in (b"ab\xff\xff", b"a\x81", b"\x1b$B!", b"~{!"):
        try:
            print(ascii(wrong.decode(name)), end=" ")
        except UnicodeDecodeError as error:
            print(error, end=" ")
    print()
    encoder, decoder = codecs.getincrementalencoder(name)("ignore"), codecs.getincrementaldecoder(name)("ignore")
    pieces = [encoder.encode(character) for character in text] + [hex(encoder.getstate()), encoder.encode("", True)]
    print(*pieces)
    whole = text.encode(name, "ignore")
    print([ascii(decoder.decode(bytes([byte]))) for byte in whole][:12], decoder.getstate())
    reader = codecs.getreader(name)(io.BytesIO(whole))
    print(ascii(reader.read(1)), ascii(reader.readline()))
    stream = io.BytesIO()
    writer = codecs.getwriter(name)(stream, "ignore")
    writer.write(text)
    writer.reset()
    print(stream.getvalue() == whole)
