"""Recipes: the fixes that made a file of some shape fit, kept for the next file of that shape."""
