"""Audits or profiles a Parquet file with one system, in a Python that has it: seconds, imports not counted, and memory.

`python audits.py SYSTEM FILE` prints one JSON object. Great Expectations is given what the audit of plain data looks at:
missing, distinct and unique values of every column, extremes, mean, spread and quartiles of numbers, lengths and patterns
of texts, copies of rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TARGET = "flag_9"
Told = dict[str, Any]
Work = Callable[[str], Told]


def main(system: str, file: str) -> None:
    """Do it once."""
    work = SYSTEMS[system]()
    imported = memory_mib("VmRSS")
    began = time.perf_counter()
    told = work(file)
    figures = {"seconds": round(time.perf_counter() - began, 2), **told}
    print(json.dumps(figures | {"peak_mib": memory_mib("VmHWM"), "imports_mib": imported}))


def artificer() -> Work:
    """`artificer.audit` of plain data."""
    import artificer
    from artificer.line.audit import builtin

    builtin()

    def work(file: str) -> Told:
        artificer.audit(file)
        return {}

    return work


def described() -> Work:
    """`artificer.describe` of a brief, as one asks for distributions, gaps and relations; `ask` and `audit` run before.

    `audit` measures no effects: refits of a model are no statistics of columns.
    """
    import artificer
    from artificer.core.brief import Brief, Data, Target
    from artificer.line.ask.start import begin
    from artificer.line.audit import builtin

    builtin()
    stages = {name: getattr(artificer, name) for name in ("ask", "audit", "describe")}

    def work(file: str) -> Told:
        told = {}
        with tempfile.TemporaryDirectory() as folder:
            brief = Brief(data=Data(source=file), target=Target(column=TARGET))
            run = begin(brief, workspace=folder)
            for name, stage in stages.items():
                run.effects = name == "describe"
                began = time.perf_counter()
                stage(run)
                told[f"{name}_s"] = round(time.perf_counter() - began, 2)
        return told

    return work


def great_expectations() -> Work:
    """One suite, on a frame of pandas."""
    import great_expectations as gx
    import pandas as pd

    def work(file: str) -> Told:
        frame = pd.read_parquet(file)
        context = gx.get_context(mode="ephemeral")
        asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
        batch = asset.add_batch_definition_whole_dataframe("rows").get_batch(batch_parameters={"dataframe": frame})
        asked = list(expectations(gx.expectations, frame))
        batch.validate(gx.ExpectationSuite(name="rows", expectations=asked))
        return {"checks": len(asked)}

    return work


def expectations(known, frame):  # type: ignore[no-untyped-def]
    """What is expected of each column, and of the table; bounds are open, since what is timed is the looking."""
    yield known.ExpectTableRowCountToBeBetween(min_value=1)
    yield known.ExpectCompoundColumnsToBeUnique(column_list=list(frame.columns))
    for name in frame.columns:
        yield known.ExpectColumnValuesToNotBeNull(column=name, mostly=0.99)
        yield known.ExpectColumnUniqueValueCountToBeBetween(column=name, min_value=2)
        yield known.ExpectColumnProportionOfUniqueValuesToBeBetween(column=name, max_value=0.98)
        if frame[name].dtype.kind in "if":
            yield known.ExpectColumnMinToBeBetween(column=name, min_value=-1e9)
            yield known.ExpectColumnMaxToBeBetween(column=name, max_value=1e9)
            yield known.ExpectColumnMeanToBeBetween(column=name, min_value=-1e9)
            yield known.ExpectColumnStdevToBeBetween(column=name, min_value=0)
            ranges = {"quantiles": [0.25, 0.5, 0.75], "value_ranges": [[-1e9, 1e9]] * 3}
            yield known.ExpectColumnQuantileValuesToBeBetween(column=name, quantile_ranges=ranges)
        elif frame[name].dtype.kind == "O" or str(frame[name].dtype) == "str":
            yield known.ExpectColumnValueLengthsToBeBetween(column=name, min_value=1, max_value=20)
            yield known.ExpectColumnValuesToMatchRegex(column=name, regex=r"^[a-z]+ ?\d+$")


def ydata() -> Work:
    """The minimal report of ydata-profiling."""
    import pandas as pd
    from ydata_profiling import ProfileReport

    def work(file: str) -> Told:
        ProfileReport(pd.read_parquet(file), minimal=True, progress_bar=False).to_html()
        return {}

    return work


def memory_mib(name: str) -> int:
    """This process's own memory: VmRSS now, VmHWM at most."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(status[name].split()[0]) // 1024


SYSTEMS = {"artificer": artificer, "described": described, "great_expectations": great_expectations, "ydata": ydata}

if __name__ == "__main__":
    main(*sys.argv[1:])
