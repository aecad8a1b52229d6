"""Days whose month is written by name, and times of day with one digit or on a 12-hour clock: `May 1, 2024 9:05 PM`."""

import datetime
import re

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
            "sep sept september", "oct october", "nov november", "dec december",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
FIRST_LETTERS = frozenset(name[:3] for name in MONTHS)
LONGEST = 60

TIME = r"\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?(?: ?[APap][Mm])?"
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,6})?)?(?: ?([APap])[Mm])?", re.ASCII)
_NAMED = re.compile(
    r"(?:(?P<first>\d{1,2})[ ./-]? ?(?P<month>[A-Za-z]{3,9})\.?,?"
    r"|(?P<named>[A-Za-z]{3,9})\.?[ /-](?P<second>\d{1,2}),?)"
    rf"[ /-](?P<year>\d{{4}})(?:,? +(?P<time>{TIME}))?",
    re.ASCII,
)


def time_of_day(text: str) -> str | None:
    """`09:05` or `21:05:00`; None when there is no such time."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction, half = match.groups()
    hour = int(hours)
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "pP" else 0)
    if hour > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
        return None
    return f"{hour:02}:{minutes}" + ("" if seconds is None else f":{seconds}{fraction or ''}")


def named(text: str) -> tuple[str, str | None] | None:
    """The day and the time of day, if there is one; None when the text is no such day."""
    match = _NAMED.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    month = MONTHS.get((match["month"] or match["named"]).lower())
    if month is None:
        return None
    try:
        day = datetime.date(int(match["year"]), month, int(match["first"] or match["second"]))
    except ValueError:
        return None
    time = None if match["time"] is None else time_of_day(match["time"])
    return None if match["time"] is not None and time is None else (day.isoformat(), time)
