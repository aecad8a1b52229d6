"""How tables are made and changed, by people who do not write SQL.

    changes ─▶ rehearsed on an empty twin of the schema ─▶ rows looked at ─▶ shown (preview), or
                                                                          └▶ done in one transaction

Whoever keeps something that names columns registers with `Uses`, so that a preview can say what a change will break.
"""

from rolltop.collections.schema.inserting import inserted
from rolltop.collections.schema.uses import Use, Uses

__all__ = ["Use", "Uses", "inserted"]
