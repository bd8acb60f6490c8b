"""bz2, lzma and compression.zstd: round trips, pieces, ends of streams, and errors."""

import bz2
import lzma
from compression import zstd

data = b"".join(b"line %d of the text\n" % number for number in range(3000))


def pieces(decompressor, compressed):
    """Fed in pieces, with limited output."""
    out = []
    position = 0
    while not decompressor.eof:
        if decompressor.needs_input:
            piece = compressed[position:position + 100]
            position += 100
        else:
            piece = b""
        out.append(decompressor.decompress(piece, 64))
        assert len(out[-1]) <= 64
    return b"".join(out)


for module, compressor, decompressor in [
    (bz2, bz2.BZ2Compressor, bz2.BZ2Decompressor),
    (lzma, lzma.LZMACompressor, lzma.LZMADecompressor),
    (zstd, zstd.ZstdCompressor, zstd.ZstdDecompressor),
]:
    print(module.__name__)
    compressed = module.compress(data)
    print(len(compressed) < len(data) // 4, module.decompress(compressed) == data)
    print(module.decompress(compressed + module.compress(b"more")) == data + b"more")
    print(pieces(decompressor(), compressed + b"rest") == data)
    whole = decompressor()
    print(whole.decompress(compressed + b"rest") == data, whole.eof, whole.unused_data, whole.needs_input)
    packer = compressor()
    parts = [packer.compress(data[at:at + 1000]) for at in range(0, len(data), 1000)]
    print(module.decompress(b"".join(parts) + packer.flush()) == data)
    for call in [
        lambda: whole.decompress(b""),
        lambda: decompressor().decompress(b"no compressed data at all"),
        lambda: module.decompress(compressed[:50]),
        lambda: compressor("x"),
    ]:
        try:
            call()
        except Exception as error:
            print(type(error).__name__, error)

print(lzma.decompress(lzma.compress(data, format=lzma.FORMAT_ALONE)) == data)
filters = [{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2, "preset": 1}]
raw = lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters)
print(lzma.decompress(raw, format=lzma.FORMAT_RAW, filters=filters) == data)
for settings in [{"preset": 99}, {"filters": [{"id": 99}]}, {"filters": [{}]}, {"format": 9}]:
    try:
        lzma.compress(data, **settings)
    except Exception as error:
        print(type(error).__name__, error)

dictionary = zstd.ZstdDict(b"line 1 of the text\n" * 4, is_raw=True)
for use in [dictionary, dictionary.as_digested_dict, dictionary.as_prefix]:
    small = zstd.compress(data[:100], zstd_dict=use)
    print(zstd.decompress(small, zstd_dict=use) == data[:100])
parameter = zstd.CompressionParameter
options = {parameter.checksum_flag: 1, parameter.compression_level: 5}
print(zstd.decompress(zstd.compress(data, options=options)) == data, zstd.get_frame_info(zstd.compress(data)))
for options in [{parameter.window_log: 1}, {9999: 1}, {zstd.DecompressionParameter.window_log_max: 20}]:
    try:
        zstd.compress(data, options=options)
    except Exception as error:
        print(type(error).__name__, error)
