"""The rows API: the PostgREST dialect on the user's SQLite file.

text ─parse▶ asked ─plan▶ checked against the catalog ─sql▶ one bound statement ─data▶ bytes
"""
