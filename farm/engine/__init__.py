"""Engines: the processes that run plugin code, and the node's handle on them."""
