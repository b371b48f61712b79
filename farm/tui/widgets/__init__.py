"""Widgets that more than one screen of the console uses."""
