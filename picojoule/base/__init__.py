"""What every room uses. Needs neither torch nor numpy."""
