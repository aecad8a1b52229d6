"""Small general things: ids, clocks, files. Knows nothing of Rolltop."""
