"""From a file to rows in a table: spool, scan, guess, plan, load.

file ─▶ spool ─▶ scan (dialect, widths, every cell's kind) ─▶ guess (type, null words, key) ─▶ draft for a person
draft + choices ─▶ plan ─▶ feed (each row judged) ─▶ hidden table, in turns ┬▶ a new table: renamed
                                 └▶ rejects ─▶ quarantine                   └▶ one that is there: merged
"""

from rolltop.collections.imports.service import Imports

__all__ = ["Imports"]
