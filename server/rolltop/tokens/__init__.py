"""Tokens for scripts: named, with no more rights than their makers, until somebody revokes them or their day comes."""
