"""Dates as sites write them: `when` of the SDK. A text must be the date and nothing besides."""

import calendar
import re

_HOUR, _DAY = 3600, 86400
_UNITS = {
    "秒": 1, "秒钟": 1, "分": 60, "分钟": 60, "小时": _HOUR, "钟头": _HOUR, "天": _DAY, "日": _DAY, "周": 7 * _DAY,
    "星期": 7 * _DAY, "礼拜": 7 * _DAY, "second": 1, "sec": 1, "minute": 60, "min": 60, "hour": _HOUR, "hr": _HOUR,
    "day": _DAY, "week": 7 * _DAY,
}
_MONTHS = {"月": 1, "年": 12, "month": 1, "year": 12}
# In halves, as `半` is one.
_AMOUNTS = {"半": 1, "几": 6, "两": 4, "a": 2, "an": 2}
_AMOUNTS.update({numeral: 2 * nth for nth, numeral in enumerate("〇一二三四五六七八九十")})
_DAYS = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "大前天": 3}
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_AGO = re.compile(
    r"(?:大?约\s*)?(\d{1,6}|[半几两一二三四五六七八九十])\s*个?\s*"
    r"(秒钟?|分钟?|小时|钟头|天|日|周|星期|礼拜|月|年)(半?)\s*[以之]?前",
    re.A,
)
_AGO_ENGLISH = re.compile(
    r"(?:about )?(\d{1,6}|an?) (second|sec|minute|min|hour|hr|day|week|month|year)s?() ago", re.A
)
_TIME = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
_ZONE = r"\s*(Z|UTC?|GMT|[+-]\d{2}:?\d{2})?"
_NEAR = re.compile(rf"(今天|今日|昨天|昨日|大?前天)(?:\s*{_TIME})?", re.A)
_WHOLE = re.compile(rf"(\d{{4}})[-/.年](\d{{1,2}})[-/.月](\d{{1,2}})日?(?:[T\s]*{_TIME}{_ZONE})?", re.A)
_YEARLESS = re.compile(rf"(\d{{1,2}})[-/月](\d{{1,2}})日?(?:\s*{_TIME})?", re.A)
_DAY_FIRST = re.compile(
    rf"(?:[A-Za-z]{{3,9}},?\s+)?(\d{{1,2}})\s+([A-Za-z]{{3,9}})\.?,?\s+(\d{{4}}|\d{{2}})(?:,?\s+{_TIME}{_ZONE})?", re.A
)
_MONTH_FIRST = re.compile(
    rf"(?:[A-Za-z]{{3,9}},?\s+)?([A-Za-z]{{3,9}})\.?\s+(\d{{1,2}}),?\s+(\d{{4}})(?:,?\s+{_TIME}{_ZONE})?", re.A
)


def when(said, now, utc_offset):
    """Reads a date that stands alone.

    - `2026-03-09 07:42`, `2026/3/9`, `2026年3月9日 07:42`, `2026-03-09T07:42:00Z`
    - `03-09 07:42`, `3月9日`: without a year, the last such day, never in the future
    - `刚刚`, `5分钟前`, `半小时前`, `3周前`, `2个月前`, `昨天 12:01`
    - `just now`, `3 hours ago`, `a day ago`
    - `Mon, 09 Mar 2026 07:42:00 GMT`, `9 March 2026`, `Mar 9, 2026 07:42`

    `now` is what relative ones count from (`response.fetched`), `utc_offset`
    holds where no zone is named. Gives `{"published": …, "day_only": …}`, to be
    passed on to `utterance`, or None.
    """
    said = re.sub(r"\s+", " ", said.strip())
    local = now + utc_offset
    today = local // _DAY
    if said.lower() in ("刚刚", "刚才", "just now"):
        return {"published": now, "day_only": False}
    if ago := _AGO.fullmatch(said) or _AGO_ENGLISH.fullmatch(said.lower()):
        count = _AMOUNTS[ago[1]] if ago[1] in _AMOUNTS else 2 * int(ago[1])
        return _before(local, utc_offset, count + bool(ago[3]), ago[2])
    if near := _NEAR.fullmatch(said):
        return _at(today - _DAYS[near[1]], near.groups()[1:], utc_offset)
    if whole := _WHOLE.fullmatch(said):
        return _at(_days(int(whole[1]), int(whole[2]), int(whole[3])), whole.groups()[3:], utc_offset)
    if yearless := _YEARLESS.fullmatch(said):
        month, day = int(yearless[1]), int(yearless[2])
        year = _date(today)[0]
        first = _days(year, month, min(day, 28))
        ahead = first is not None and first > today + 1
        return _at(_days(year - ahead, month, day), yearless.groups()[2:], utc_offset)
    if date := _DAY_FIRST.fullmatch(said):
        return _at(_days(_century(date[3]), _named(date[2]), int(date[1])), date.groups()[3:], utc_offset)
    if date := _MONTH_FIRST.fullmatch(said):
        return _at(_days(int(date[3]), _named(date[1]), int(date[2])), date.groups()[3:], utc_offset)
    return None


def _before(local, utc_offset, halves, unit):
    if unit in _UNITS:
        return {"published": local - halves * _UNITS[unit] // 2 - utc_offset, "day_only": False}
    year, month, day = _date(local // _DAY)
    year, month = divmod(year * 12 + month - 1 - halves * _MONTHS[unit] // 2, 12)
    if year < 1:
        return None
    day = _days(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1]))
    return {"published": day * _DAY + local % _DAY - utc_offset, "day_only": False}


def _date(days):
    """Year, month and day; by hand, as `time.gmtime` asks the clock when it is given nothing."""
    era, of_era = divmod(days + 719468, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    part = (5 * of_year + 2) // 153
    month = part + 3 if part < 10 else part - 9
    return year + era * 400 + (month <= 2), month, of_year - (153 * part + 2) // 5 + 1


def _days(year, month, day):
    """Days from 1970, or None where there is no such day."""
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return calendar.timegm((year, month, day, 0, 0, 0)) // _DAY


def _at(day, time, utc_offset):
    hour, minute, second, zone = (*time, None)[:4]
    hours, minutes, seconds = (int(part or 0) for part in (hour, minute, second))
    if day is None or hours > 23 or minutes > 59 or seconds > 59:
        return None
    offset = utc_offset
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        offset = (-1 if zone[0] == "-" else 1) * (int(digits[:2]) * _HOUR + int(digits[2:]) * 60)
    elif zone:
        offset = 0
    return {"published": day * _DAY + hours * _HOUR + minutes * 60 + seconds - offset, "day_only": hour is None}


def _named(month):
    return next((nth for nth, name in enumerate(_NAMES, 1) if month.lower().startswith(name)), 0)


def _century(year):
    """Two-digit years: 90 to 99 are of the last century."""
    if len(year) > 2:
        return int(year)
    return int(year) + (2000 if int(year) < 90 else 1900)
