"""Holds the working days that come with the program against an independent calendar, day by day.

    pip install chinesecalendar && python tests/calendar/compare.py

Reads host/src/calendar/days.toml as the program does: what it says of a day, else Monday to Friday.
"""

import datetime
import pathlib
import sys
import tomllib

import chinese_calendar

DAYS = pathlib.Path(__file__).parents[2] / "host/src/calendar/days.toml"


def each(text):
    first, _, last = text.partition("/")
    day, last = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last or first)
    while day <= last:
        yield day
        day += datetime.timedelta(1)


def main():
    compared, wrong = 0, []
    for year in tomllib.loads(DAYS.read_text())["year"]:
        said = {day: False for text in year["off"] for day in each(text)}
        said |= {day: True for text in year["work"] for day in each(text)}
        day = datetime.date(year["year"], 1, 1)
        while day.year == year["year"]:
            compared += 1
            if said.get(day, day.weekday() < 5) != chinese_calendar.is_workday(day):
                wrong.append(day)
            day += datetime.timedelta(1)
    print(f"{compared} days compared, {len(wrong)} differ", *wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
