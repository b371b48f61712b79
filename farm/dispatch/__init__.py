"""Handing tasks to nodes: the broker, the scheduler and its placement rules, leases."""
