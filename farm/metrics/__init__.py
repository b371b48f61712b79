"""Metrics: what the daemon and the nodes count, and how it is read.

Names are those of the ``/metrics`` page; ``docs/observability`` explains each.
"""
