"""Artificer beside its peers: one split, one machine, one budget, each system in an environment and a process of its own."""
