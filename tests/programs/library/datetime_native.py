# `datetime` and the module `_datetime` behind it: text forms, exact arithmetic, time zones, folds, pickles,
# derived classes, and what is said of arguments that make no sense.

import _datetime
import copy
import pickle
import types
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta, timezone, tzinfo


def show(label, function, *arguments, **keywords):
    try:
        result = repr(function(*arguments, **keywords))
    except Exception as error:
        result = f"{type(error).__name__}: {error}"
    print(f"{label}: {result}")


print(_datetime.datetime is datetime, datetime.__module__, UTC is timezone.utc, MINYEAR, MAXYEAR)
print(type(_datetime.datetime_CAPI) is types.CapsuleType, datetime.__mro__)
print(timedelta.min, timedelta.max, date.min, date.max, time.max, datetime.max, timezone.max)

# Text in ISO form.
for text in (
    "2020-02-29", "20200229", "2020-W09-6", "2020W096", "2020W09", "2019-02-29", "2020-13-01", "0000-01-01",
    "2020-W54-1", "2020-2-29", "202002299", "",
):
    show(f"date {text}", date.fromisoformat, text)
for text in (
    "12", "T1234", "12:34:56.5", "123456,1234567", "24:00", "24:01", "12:34Z", "12:34-05:30", "12:34+24:00", "12:60",
    "1234:56", "12:34:56.", "12:3",
):
    show(f"time {text}", time.fromisoformat, text)
for text in (
    "2020-02-28T24:00", "9999-12-31T24:00", "2020W09612", "2020-W09-12", "2020-02-29\udc80071500+0100", "20200229T",
    "2020-02-30T00:00",
):
    show(f"datetime {text!a}", datetime.fromisoformat, text)
moment = datetime(2020, 2, 29, 13, 4, 5, 67890, timezone(timedelta(hours=5, minutes=30, seconds=7)))
for timespec in ("auto", "hours", "minutes", "seconds", "milliseconds", "microseconds", "days"):
    show(timespec, moment.isoformat, " ", timespec)
print(str(moment), moment.time(), moment.timetz(), moment.ctime(), moment.date().isocalendar())
print(moment.strftime("%Y-%m-%d %H:%M:%S.%f %z %:z %Z %% %j %G-W%V-%u"), f"{moment:%d.%m.%y}", f"{moment}")
print(date(7, 1, 2).strftime("%Y|%G|%C|%F|%y"), time(1, 2).strftime("%H:%M"))
show("strptime", datetime.strptime, "2020-02-29 13:04 +0530", "%Y-%m-%d %H:%M %z")
show("strptime", date.strptime, "29.2.2020", "%d.%m.%Y")
show("strptime", time.strptime, "13h", "%Hh")

# Spans: exact, and quotients half to even.
show("floats", timedelta, days=0.1, hours=-2.5, microseconds=0.5)
for number in (0, 3, -7, 2.5, 0.1, 10**30, 1e300, float("nan"), "a"):
    span = timedelta(5, 7, 13)
    show(f"* {number}", lambda: span * number)
    show(f"/ {number}", lambda: span / number)
    show(f"// {number}", lambda: span // number)
halves = [timedelta(microseconds=number) / 2 for number in (1, 3, 5, -1, -3)]
print(halves, timedelta(days=1) / timedelta(hours=7), divmod(timedelta(days=1), timedelta(hours=-7)))
print(timedelta(days=-1, microseconds=1).total_seconds(), -timedelta(1, 2, 3), abs(timedelta(-1, 2, 3)), bool(timedelta()))
show("too long", timedelta, days=1_000_000_000)
show("too long", timedelta, days=2**40)
show("no number", timedelta, hours="1")

# Dates.
print(date(2024, 12, 30).isocalendar(), date.fromisocalendar(2020, 53, 7), date.fromordinal(737484))
print(date(2020, 3, 1) - timedelta(1), date(2020, 3, 1) - date(2019, 3, 1), date.max - date.min)
show("sum", lambda: date.max + timedelta(1))
show("sum", lambda: date(2020, 1, 1) + 1)
show("difference", lambda: date(2020, 1, 1) - datetime(2020, 1, 1))
show("order", lambda: date(2020, 1, 1) < datetime(2020, 1, 1))
for arguments in ((2020,), (2020, 2, 30), (0, 1, 1), (2020, 13, 1), ("2020", 1, 1), (2020, 1.0, 1), (2**40, 1, 1)):
    show(f"date{arguments}", date, *arguments)
show("date", date, 2020, 1, day=1, days=2)
show("week", date.fromisocalendar, 2021, 53, 1)
show("week", date.fromisocalendar, 2020, 1, 8)


# Zones.
class Berlin(tzinfo):
    """Summer time from the last Sunday of March to the last Sunday of October."""

    def changes(self, year):
        for month in (3, 10):
            last = datetime(year, month, 31, 2 if month == 3 else 3)
            yield last - timedelta(days=(last.weekday() + 1) % 7)

    def dst(self, moment):
        begin, end = self.changes(moment.year)
        naive = moment.replace(tzinfo=None)
        if begin <= naive < end - timedelta(hours=1):
            return timedelta(hours=1)
        if end - timedelta(hours=1) <= naive < end:
            return timedelta(hours=1 - naive.fold)
        return timedelta()

    def utcoffset(self, moment):
        return timedelta(hours=1) + self.dst(moment)

    def tzname(self, moment):
        return "CEST" if self.dst(moment) else "CET"

    def fromutc(self, moment):
        begin, end = self.changes(moment.year)
        naive = moment.replace(tzinfo=None)
        standard = moment + timedelta(hours=1)
        if begin - timedelta(hours=1) <= naive < end - timedelta(hours=2):
            return standard + timedelta(hours=1)
        return standard.replace(fold=end - timedelta(hours=2) <= naive < end - timedelta(hours=1))


berlin = Berlin()
first = datetime(2020, 10, 25, 2, 30, tzinfo=berlin)
second = first.replace(fold=1)
print(first.isoformat(), second.isoformat(), first == second, hash(first) == hash(second), second - first)
print(first.astimezone(UTC), second.astimezone(UTC), first.astimezone(UTC) == first, first.astimezone(UTC) == second)
for hour in (0, 1):
    back = datetime(2020, 10, 25, hour, 30, tzinfo=UTC).astimezone(berlin)
    print(back, back.fold, back.tzname(), back.dst(), tuple(back.timetuple()), tuple(back.utctimetuple()))
print(datetime(2020, 7, 1, 12, tzinfo=berlin) - datetime(2020, 7, 1, 12, tzinfo=UTC), datetime(2020, 7, 1, tzinfo=berlin).timestamp())
print(time(1, tzinfo=UTC) == time(2, tzinfo=timezone(timedelta(hours=1))), time(1, tzinfo=UTC) == time(1))
show("order", lambda: time(1, tzinfo=UTC) < time(1))
show("order", lambda: datetime(2020, 1, 1, tzinfo=UTC) < datetime(2020, 1, 1))
show("difference", lambda: datetime(2020, 1, 1, tzinfo=UTC) - datetime(2020, 1, 1))
print(timezone(timedelta()) is UTC, timezone(timedelta(hours=1), "one"), repr(timezone(-timedelta(minutes=1))), UTC)
show("zone", timezone, timedelta(1))
show("zone", timezone, 1)
show("zone", datetime, 2020, 1, 1, tzinfo=1)


class Strange(tzinfo):
    def __init__(self, answer):
        self.answer = answer

    def utcoffset(self, moment):
        return self.answer

    dst = tzname = utcoffset


for answer in (None, 3, timedelta(1), timedelta(microseconds=-1)):
    show(f"offset {answer}", datetime(2020, 1, 1, tzinfo=Strange(answer)).isoformat)
    show(f"name {answer}", datetime(2020, 1, 1, tzinfo=Strange(answer)).tzname)
show("fromutc", tzinfo().fromutc, datetime(2020, 1, 1))
show("utcoffset", tzinfo().utcoffset, None)

# Instants.
for instant in (0, 1e9 + 0.5e-6, -0.5, 2.5e-6, 253402300799):
    print(datetime.fromtimestamp(instant, UTC), datetime.fromtimestamp(instant, UTC).timestamp())
show("instant", datetime.fromtimestamp, float("nan"))
show("instant", datetime.fromtimestamp, 1e300)
show("instant", datetime.fromtimestamp, "1")
show("instant", datetime.fromtimestamp, 253402300800, UTC)

# Copies, pickles and derived classes.
for value in (date(2020, 2, 29), moment, second, time(1, 2, 3, 4, fold=1), timedelta(1, 2, 3), UTC, timezone(timedelta(hours=1), "x")):
    same = all(pickle.loads(pickle.dumps(value, protocol)) == value for protocol in range(6))
    print(repr(value) if value is not second else "second", same, copy.copy(value) == value, copy.deepcopy(value) == value)
print(moment.__reduce_ex__(4)[1][0], time(1, fold=1).__reduce_ex__(4), type(pickle.loads(pickle.dumps(date.max.isocalendar()))))
print(datetime(b"\x07\xe4\x82\x1d\x00\x00\x00\x00\x00\x00"), date("\x07\xe4\x02\x1d"), time(b"\x97\x3b\x3b\x00\x00\x01", UTC))
show("state", date, "\u0107\xe4\x02\x1d")


class Moment(datetime):
    def __new__(cls, *arguments, **keywords):
        made = super().__new__(cls, *arguments, **keywords)
        made.made_by = len(arguments)
        return made


mine = Moment(2020, 1, 1, 12, fold=1)
for other in (
    mine + timedelta(1), mine.replace(year=2021), copy.replace(mine, day=5), Moment.fromisoformat("2020-01-01"),
    Moment.combine(date.min, time.max), Moment.fromtimestamp(0, UTC), Moment.strptime("2020", "%Y"), Moment.fromordinal(5),
    Moment(2020, 1, 1, tzinfo=UTC).astimezone(timezone(timedelta(hours=1))),
):
    print(type(other).__name__, other.made_by, repr(other), other.fold)
print(type(mine - mine), type(mine.date()), isinstance(mine, date), mine == datetime(2020, 1, 1, 12))
for change in ("year", "made_up"):
    show(change, setattr, date(2020, 1, 1), change, 1)
