"""The Rolltop window."""
