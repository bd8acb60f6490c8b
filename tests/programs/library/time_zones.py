"""zoneinfo finds the system's time zones by itself."""

import os
import zoneinfo
from datetime import datetime, timedelta

for path in ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"]:
    print(path, path in zoneinfo.TZPATH)
assert all(os.path.isabs(path) for path in zoneinfo.TZPATH)

if any(os.path.exists(f"{path}/America/New_York") for path in zoneinfo.TZPATH):
    zone = zoneinfo.ZoneInfo("America/New_York")
    for moment in [datetime(2024, 1, 15, 12), datetime(2024, 7, 15, 12), datetime(2024, 11, 3, 1, 30, fold=1)]:
        there = moment.replace(tzinfo=zone)
        expected = -4 if moment.month == 7 else -5
        assert there.utcoffset() == timedelta(hours=expected), there
        assert there.tzname() == ("EDT" if expected == -4 else "EST")
    assert "Europe/London" in zoneinfo.available_timezones()
try:
    zoneinfo.ZoneInfo("Nowhere/At_All")
except zoneinfo.ZoneInfoNotFoundError as error:
    print(error)
