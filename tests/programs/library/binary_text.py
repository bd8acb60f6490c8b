# binascii, zlib and the digests: results, and what the errors say.
import binascii
import hashlib
import zlib


def show(function, *args, **keywords):
    try:
        print(repr(function(*args, **keywords)))
    except (ValueError, TypeError, zlib.error) as error:
        print(type(error).__name__, error)


for data in [b"AA==", b"AA=", b"A", b"AA=BB", b"AA==BB", b"AAAA=", b"=AAAA", b"AA\n=="]:
    show(binascii.a2b_base64, data)
    show(binascii.a2b_base64, data, strict_mode=True)
show(binascii.b2a_base64, b"\xff\xfe", newline=False)
show(binascii.b2a_uu, b"uu")
show(binascii.a2b_uu, b"")
show(binascii.b2a_qp, b"a = b \tc \n.\n" + b"x" * 80)
show(binascii.a2b_qp, b"a =3D=\nb_", header=True)
show(binascii.hexlify, b"abcde", "-", -2)
show(binascii.unhexlify, "0g")
show(binascii.crc_hqx, b"123456789", 0)
show(zlib.crc32, b"123456789")
show(zlib.adler32, b"123456789")

text = b"hello world " * 5000
for bits in (15, -15, 31):
    print(zlib.decompress(zlib.compress(text, 6, bits), bits) == text)
stream = zlib.compress(text) + b"tail"
first = zlib.decompressobj()
start = first.decompress(stream, 10)
second = first.copy()
print(start, start + first.decompress(first.unconsumed_tail) == text, first.unused_data, first.eof)
print(start + second.flush() == text)
show(zlib.decompress, b"abc")
show(zlib.decompress, stream[:10])
show(zlib.compressobj, 99)

for name in sorted(hashlib.algorithms_guaranteed):
    digest = hashlib.new(name, text)
    length = [10] if name.startswith("shake") else []
    print(name, digest.digest_size, digest.block_size, digest.hexdigest(*length))
show(hashlib.md5, "text")
show(hashlib.blake2b, digest_size=65)
