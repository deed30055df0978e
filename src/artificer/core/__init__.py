"""Records, protocols, store, ledger, run, tasks, errors and the report: no statistics, no frames."""
