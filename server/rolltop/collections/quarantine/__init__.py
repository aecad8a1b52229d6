"""The quarantine: rows of imports that did not fit, with the reason for each cell, until they are put right or dropped.

import ─▶ rows that do not fit ─▶ `_rolltop_quarantine` in data.db ─▶ fixes, edits ─▶ retry ─▶ the table
                                                                    └▶ recipe, for the next file of that shape
"""
