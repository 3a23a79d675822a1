"""Repost threads of the CED set as lines for `caifeng backtest -`: python3 tests/bench/ced_lines.py ced_reposts.jsonl.gz

Each thread is a group; times that name no year are of the year in which the original was posted, or the next.
"""

import datetime
import gzip
import json
import re
import sys

CHINA = datetime.timezone(datetime.timedelta(hours=8))


def moment(written, original):
    """Seconds since 1970 of a repost's date."""
    short = re.match(r"(\d+)月(\d+)日 (\d+):(\d+)$", written)
    if not short:
        return int(datetime.datetime.fromisoformat(written).replace(tzinfo=CHINA).timestamp())
    year = datetime.datetime.fromtimestamp(original, CHINA).year
    at = datetime.datetime(year, *map(int, short.groups()), tzinfo=CHINA)
    if at.timestamp() < original - 86_400:
        at = at.replace(year=year + 1)
    return int(at.timestamp())


def posted(written):
    """Seconds since 1970 of an original's time: a number, or as the site's interface wrote it."""
    if isinstance(written, int):
        return written
    return int(datetime.datetime.strptime(written, "%a %b %d %H:%M:%S %z %Y").timestamp())


for line in gzip.open(sys.argv[1], "rt"):
    thread = json.loads(line)
    start = posted(thread["original"]["time"])
    for at in [start] + [moment(repost["date"], start) for repost in thread["reposts"]]:
        print(json.dumps({"published": at, "group": thread["id"], "site": "weibo"}))
