"""When a backup is due, and which ones go: rules of the clock on the wall, for a desk that sleeps.

A timer that fires at three at night misses it while the lid is closed. So what is asked is whether the last backup is
older than the last moment at which there should have been one.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta

from rolltop.backups.schemas import Backup, BackupPlan

RETRY = timedelta(hours=1)
"""A backup that failed is tried again after so long."""


def is_due(plan: BackupPlan, tried: datetime | None, done: datetime | None, now: datetime) -> bool:
    """Whether to make one now. `tried` is when the last was begun, `done` when the last was whole.

    The first is made at once. A clock that was set back, so that `done` lies ahead, makes one due as well: it costs
    little, and to wait until the clock has caught up may take days.
    """
    if plan.every == "never":
        return False
    failed = tried is not None and (done is None or done < tried)
    if tried is not None and failed and timedelta() <= now - tried < RETRY:
        return False
    if done is None or done > now:
        return True
    return _is_late(plan, done, now)


def next_moment(plan: BackupPlan, done: datetime | None, now: datetime) -> datetime | None:
    """When the next is due at the latest; None when there is no schedule."""
    if plan.every == "never":
        return None
    if done is None or done > now:
        return now
    if plan.every == "hours":
        return max(done + timedelta(hours=plan.hours), now)
    return now if _is_late(plan, done, now) else _local(plan.at, now, days=1, after=now)


def _is_late(plan: BackupPlan, done: datetime, now: datetime) -> bool:
    """Whether there should have been one since `done`."""
    if plan.every == "hours":
        return now - done >= timedelta(hours=plan.hours)
    return done < _local(plan.at, now, days=-1, before=now)


def _local(
    at: str, now: datetime, *, days: int, before: datetime | None = None, after: datetime | None = None
) -> datetime:
    """That time of today by the local clock, or of a day further when it is not `before` or `after` the moment."""
    day = now.astimezone().date()
    moment = datetime.combine(day, time.fromisoformat(at)).astimezone(UTC)
    if (before is not None and moment > before) or (after is not None and moment <= after):
        moment = datetime.combine(day + timedelta(days=days), time.fromisoformat(at)).astimezone(UTC)
    return moment


def surplus(plan: BackupPlan, backups: Iterable[Backup], now: datetime) -> Sequence[Backup]:
    """Which scheduled backups are kept no longer. The newest whole one stays, and whatever was not made by schedule."""
    made = [each for each in backups if each.content is not None and each.content.reason == "scheduled"]
    made.sort(key=_created, reverse=True)
    if plan.keep_last is None and plan.keep_days is None:
        return ()
    kept = {each.id for each in made[: max(plan.keep_last or 0, 1)]}
    if plan.keep_days is not None:
        kept |= {each.id for each in made if now - _created(each) < timedelta(days=plan.keep_days)}
    return [each for each in made if each.id not in kept]


def _created(backup: Backup) -> datetime:
    return backup.content.created if backup.content is not None else backup.changed
