"""From a file to a typed table: spool, scan, guess, load.

file ─▶ spool ─▶ scan (dialect, widths, every cell's kind) ─▶ guess (type, null words, key) ─▶ draft for a person
                                                                draft + choices ─▶ load (hidden table, chunks) ─▶ rename
"""

from rolltop.collections.imports.service import Imports

__all__ = ["Imports"]
