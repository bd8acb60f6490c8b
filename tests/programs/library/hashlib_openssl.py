# hashlib through _hashlib: digests by their many names, derived keys, one-shot codes, and what each refuses.
import _hashlib
import hashlib
import hmac
import threading


def check(function, *arguments, **keywords):
    try:
        result = function(*arguments, **keywords)
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    if isinstance(result, bytes):
        result = result.hex()
    print(result)


for name in sorted(_hashlib.openssl_md_meth_names):
    digest = _hashlib.new(name, b"message")
    shown = digest.hexdigest(8) if "shake" in name else digest.hexdigest()
    print(name, digest.name, digest.digest_size, digest.block_size, type(digest).__name__, shown)
    if "shake" not in name:
        code = _hashlib.hmac_new(b"key", b"message", name)
        print("   ", code.name, code.digest_size, code.block_size, code.hexdigest())
        print("   ", _hashlib.pbkdf2_hmac(name, b"password", b"salt", 3, 70).hex())

for name in ("MD5", "Sha1", "SHA-1", "SHA2-256", "sha512-256", "SHA3-512", "SHAKE128", "BLAKE2b512", "RIPEMD", "rmd160",
             "sha3-256", "SHA3_512", "blake2S", "RSA-SHA256", "nothing", "é"):
    check(lambda: _hashlib.new(name).name)

print(hashlib.sha256 is _hashlib.openssl_sha256, hashlib.new("sha256").copy().name)
print(hashlib.blake2b.__module__, hmac.compare_digest is _hashlib.compare_digest)
print(repr(hashlib.sha256()).partition(" object ")[0], repr(_hashlib.hmac_new(b"", b"", "md5")).partition(" @ ")[0])
print(issubclass(_hashlib.HASHXOF, _hashlib.HASH), type(hashlib.shake_256().copy()).__name__)
print(sorted(_hashlib._constructors.values()), _hashlib.get_fips_mode())
print({"pbkdf2_hmac", "file_digest"} <= set(hashlib.__all__), "ripemd160" in hashlib.algorithms_available)


class Derived(_hashlib.HASH):
    pass


for refused in (Derived, _hashlib.HASH, _hashlib.HASHXOF, _hashlib.HMAC):
    check(refused)
check(_hashlib.new, 5)
check(_hashlib.new, "sha256", "text")
check(_hashlib.new, "sha256", 5)
check(_hashlib.new, "sha256", b"x", string=b"y")
check(lambda: hashlib.sha256(string=b"x").hexdigest())
check(hashlib.shake_128().digest)
check(hashlib.shake_128(b"x").hexdigest, length=4)
check(hashlib.shake_128().digest, 0)

derive = hashlib.pbkdf2_hmac
check(derive, "sha256", b"password", b"salt", 1000)
check(derive, hash_name="sha1", password=b"password", salt=b"salt", iterations=2, dklen=None)
check(derive, "nothing", b"", b"", 1)
check(derive, "sha256", b"", b"", 0)
check(derive, "sha256", b"", b"", 1 << 40)
check(derive, "sha256", b"", b"", 1 << 70)
check(derive, "sha256", b"", b"", 1, 0)
check(derive, "sha256", b"", b"", 1, 1 << 40)
check(derive, "sha256", b"", b"", 1, "a")
check(derive, "sha256", "x", b"", 1)
check(derive, b"sha256", b"", b"", 1)
check(derive, "shake_128", b"", b"", 1)

scrypt = hashlib.scrypt
check(scrypt, b"password", salt=b"NaCl", n=16, r=8, p=2, dklen=40)
check(scrypt, b"", salt=b"", n=16, r=1, p=1)
check(scrypt, b"x", salt=b"", n=2**15, r=8, p=1)
check(scrypt, b"x", salt=b"", n=2**15, r=8, p=1, maxmem=2**26, dklen=4)
check(scrypt, b"x", salt=b"", n=2, r=1, p=1, maxmem=639)
check(scrypt, b"x", salt=b"", n=2, r=1, p=1, maxmem=640, dklen=3)
for n, r, p in ((3, 8, 1), (1, 8, 1), (-1, 8, 1), (None, 8, 1), (2.0, 8, 1), (2, -8, 1), (2, 0, 1), (2, 8, 0),
                (1 << 70, 1, 1), (1 << 62, 1, 1), (2, 1 << 40, 1)):
    check(scrypt, b"x", salt=b"", n=n, r=r, p=p)
check(scrypt, "x", salt=b"", n=2, r=1, p=1)
check(scrypt, b"x", salt=b"", n=2, r=1, p=1, maxmem=-1)
check(scrypt, b"x", salt=b"", n=2, r=1, p=1, dklen=0)

check(hmac.digest, b"key", b"message", "sha512_256")
check(hmac.digest, b"key", b"message", hashlib.sha384)
check(_hashlib.hmac_new, b"key", b"message")
check(_hashlib.hmac_new, b"key", b"message", "nothing")
check(_hashlib.hmac_new, b"key", b"message", 5)
check(_hashlib.hmac_new, b"key", b"message", [])
check(_hashlib.hmac_new, b"key", b"message", "shake_128")
check(_hashlib.hmac_new, "key", b"message", "sha256")
check(_hashlib.hmac_new, b"key", "message", "sha256")
check(_hashlib.hmac_digest, b"key", b"message", None)

# One object updated by many threads, and keys derived side by side.
shared = hashlib.sha512()
keys = []


def work():
    for _ in range(200):
        shared.update(b"x" * 100)
    shared.update(b"x" * 50_000)
    keys.append(derive("sha256", b"password", b"salt", 2000))


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(shared.hexdigest() == hashlib.sha512(b"x" * 280_000).hexdigest(), len(set(keys)))
