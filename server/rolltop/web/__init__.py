"""What stands between the wire and the domains: the guard, error rendering, units of work, the built UI."""
