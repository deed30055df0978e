"""Readers, kinds, tables and the scan: the one place that knows files and frames."""
