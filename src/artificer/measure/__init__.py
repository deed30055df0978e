"""Metrics, intervals and comparisons: every interval and every “better than” in the product."""
