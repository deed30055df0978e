"""One system a file, each with the same functions; importing the file imports the system.

`version()`; `fit(X, y, asked, work)` → model, where `asked` holds task, budget_s, cores and seed, and `work` is a folder
that it may make; `save(model, folder)`; `load(folder)`; `predict(loaded, rows)` → (n_rows, n_classes) of probabilities,
in the order of `classes(loaded)`, or (n_rows,) of values; and `predict_dict` where one row may be a dict.
"""
