"""A private farm on this machine, with jobs, and faults by seed: ``farm sim``."""
