"""Plugins and scaffolds; comes with a later version."""
