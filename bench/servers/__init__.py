"""Servers that answer with the same package, each as its own documents say; one file a server, run in its own Python."""
