"""The history of the user's file, inside the file: what each write changed, and how it is taken back.

    writer ─ begin ─▶ session (SQLite's session extension) ─ end ─▶ `_rolltop_log`, in the transaction of the write
                                                                        │
    undo: the changeset backwards, conflicts reported ◀─────────────────┘

Rows are recorded as changesets. A change of the schema is recorded as what became different; the tables that it drops
are kept out of sight (`_rolltop_kept_…`) until the entry is trimmed.
"""

from rolltop.data.history.kept import retire
from rolltop.data.history.recorder import Limits, Recorded, Recorder
from rolltop.data.history.written import KEYS_TOLD, Written

__all__ = ["KEYS_TOLD", "Limits", "Recorded", "Recorder", "Written", "retire"]
