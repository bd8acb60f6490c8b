"""urllib.request: a password that was given for https is not for http."""

from urllib.request import HTTPPasswordMgr

passwords = HTTPPasswordMgr()
passwords.add_password("realm", "https://example.com/", "user", "password")
passwords.add_password("realm", "plain.example.com", "user", "password")
for address in (
    "https://example.com/",
    "https://example.com/below",
    "http://example.com/",
    "example.com",
    "http://plain.example.com/",
    "https://plain.example.com/",
    "https://other.example.com/",
):
    print(address, passwords.find_user_password("realm", address))
print(passwords.reduce_uri("http://example.com/path"))
print(passwords.is_suburi(("example.com", "/path"), ("example.com", "/path/below")))
