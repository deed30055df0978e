"""The twelve stages, in the order in which data flows."""
