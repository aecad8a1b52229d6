"""What was changed, by whom and when, and taking it back. The log lies in the user's file: `data.history`."""

from rolltop.history.service import History

__all__ = ["History"]
