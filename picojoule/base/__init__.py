"""Floor 0: what every room uses. Needs neither torch nor numpy."""
