"""Rolltop: a real backend on your own desk."""
