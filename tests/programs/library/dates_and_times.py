# datetime, time, calendar: arithmetic, formatting, parsing, zones.
from datetime import date, datetime, time, timedelta, timezone, UTC
import calendar
import time as clock

d = date(2024, 2, 28)
assert d + timedelta(days=2) == date(2024, 3, 1)
assert (date(2024, 3, 1) - d).days == 2
assert d.weekday() == 2
assert d.isocalendar() == (2024, 9, 3)
assert d.isoformat() == "2024-02-28"
assert date.fromisoformat("20240228") == d
assert d.replace(year=2023).year == 2023
assert d.toordinal() == 738944
assert d.strftime("%a %d %b %Y %j") == "Wed 28 Feb 2024 059"
t = datetime(2024, 1, 2, 3, 4, 5, 678900)
assert str(t) == "2024-01-02 03:04:05.678900"
assert repr(t) == "datetime.datetime(2024, 1, 2, 3, 4, 5, 678900)"
assert t.isoformat(timespec="seconds") == "2024-01-02T03:04:05"
assert datetime.strptime("02/01/24 15:30", "%d/%m/%y %H:%M") == datetime(2024, 1, 2, 15, 30)
assert datetime.fromisoformat("2024-01-02T03:04:05.6789+01:00").utcoffset() == timedelta(hours=1)
u = datetime(2024, 1, 1, tzinfo=UTC)
assert u.timestamp() == 1704067200.0
assert u.astimezone(timezone(timedelta(hours=-5))).hour == 19
assert datetime.fromtimestamp(0, UTC) == datetime(1970, 1, 1, tzinfo=UTC)
assert str(u) == "2024-01-01 00:00:00+00:00"
w = timedelta(days=1, hours=25, milliseconds=1500)
assert str(w) == "2 days, 1:00:01.500000"
assert w.total_seconds() == 176401.5
assert w * 2 - w == w
assert w // timedelta(hours=1) == 49
assert -timedelta(seconds=1) == timedelta(days=-1, seconds=86399)
assert repr(timedelta(1)) == "datetime.timedelta(days=1)"
assert timedelta(1) / 2 == timedelta(hours=12)
for bad, kind in [
    (lambda: date(2023, 2, 29), ValueError),
    (lambda: datetime(1, 1, 1) - timedelta(1), OverflowError),
    (lambda: u < t, TypeError),
    (lambda: d + 1, TypeError),
    (lambda: datetime.strptime("x", "%Y"), ValueError),
]:
    try:
        bad()
    except kind:
        pass
    else:
        raise AssertionError
assert calendar.monthrange(2024, 2) == (3, 29)
assert calendar.isleap(2000)
assert not calendar.isleap(1900)
assert time(1, 2).isoformat() == "01:02:00"
assert sorted([date(2024, 1, 2), date(2023, 1, 1)])[0].year == 2023
a = clock.perf_counter()
b = clock.monotonic()
clock.sleep(0.01)
assert clock.perf_counter() - a >= 0.009
assert clock.monotonic() >= b + 0.009
assert clock.time() > 1.7e9
assert clock.time_ns() > 1.7e18
assert clock.process_time() >= 0
assert clock.thread_time() >= 0
assert clock.gmtime(0)[:6] == (1970, 1, 1, 0, 0, 0)
assert clock.strftime("%Y-%m-%d", clock.gmtime(86400)) == "1970-01-02"
assert calendar.timegm(clock.gmtime(12345)) == 12345
assert clock.mktime(clock.localtime(1000000)) == 1000000.0
assert clock.strptime("2024", "%Y").tm_year == 2024
try:
    clock.sleep(-1)
except ValueError as error:
    assert "must be non-negative" in str(error)
