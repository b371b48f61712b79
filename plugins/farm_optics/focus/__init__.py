"""Focus after the fact: blur by depth, sweeps of focus, all in focus, focus that follows."""
