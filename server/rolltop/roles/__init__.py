"""Roles: what those who hold them may do, part by part and table by table."""
