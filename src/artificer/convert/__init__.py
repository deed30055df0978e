"""Prototypes → production packages; comes with a later version."""
