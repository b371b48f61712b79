"""Models: what a plugin says about its weights, and the store that holds the verified files.

Invariant: a stage is only ever given files whose size and SHA-256 are those of the manifest.
"""
