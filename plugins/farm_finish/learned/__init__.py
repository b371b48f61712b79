"""Learned providers: networks that enlarge pictures and find what lies between two of them."""
