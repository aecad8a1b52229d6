"""The schema of tables, and how files become tables."""
