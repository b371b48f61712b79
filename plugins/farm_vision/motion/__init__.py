"""Motion assets: captured movement as files that other programs read."""
