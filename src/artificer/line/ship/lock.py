"""run.lock: what a replay needs to make the same model again."""

from __future__ import annotations

from artificer.core.run import Run, versions
from artificer.core.stages import Model, RunLock, Stop
from artificer.line.ask import ask
from artificer.line.audit import audit
from artificer.line.design import design
from artificer.line.fit import fit


def run_lock(run: Run, model: Model) -> RunLock:
    """Write down every choice that hung on the clock."""
    trials, n_folds = fit(run).trials, fit(run).n_folds
    race = [
        Stop(one.candidate, one.fold, one.n_iterations, one.facts)
        for trial in trials
        for one in trial.fits
        if one.fold < n_folds
    ]
    return RunLock(
        run_id=run.id,
        brief=run.brief,
        folder=str(run.folder),
        fingerprint=ask(run).fingerprint,
        model_hash=model.model_hash,
        versions=versions(),
        stops=(*race, *(Stop(part.candidate, -1, part.n_iterations, part.facts) for part in model.parts)),
        dropped={trial.candidate.name: trial.dropped for trial in trials if trial.dropped},
        weights=model.weights,
        refitted=model.refitted,
        outputs=model.outputs,
        repairs=tuple(repair.name for repair in audit(run).repairs),
        mending=tuple(trial.candidate for trial in trials if trial.candidate.name in design(run).mending),
    )
