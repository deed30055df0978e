"""Which version answers: promote, roll back, shadow, canary, A/B, approve; each kept with who wanted it, and why.

Nothing here loads into a server: what is wanted changes in the ledger, by compare-and-set, and servers come to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import artificer_runtime
from artificer.core.access import NotAllowedError
from artificer.core.brief import Brief
from artificer.core.errors import ArtificerError, WorkspaceError
from artificer.core.ledger import Ledger
from artificer.core.life import Looked, Served
from artificer.core.rollout import Act, Rollout
from artificer.core.store import decode
from artificer.line.ship.stored import found, stored

LOST = "another change was quicker; see what it was and try again"


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a model, in the hands of a person.

    Attributes
    ----------
    packages : Path
        The folder in which they lie.
    who : str
        In whose name things are done.

    Raises
    ------
    WorkspaceError
        Each method, when a version is absent, damaged or of another model, or another change was quicker.
    NotAllowedError
        When the brief wants another person's approval first.
    """

    brief: Brief
    ledger: Ledger
    packages: Path
    who: str

    @property
    def name(self) -> str:
        """What the ledger knows the model by."""
        return self.brief.name

    def promote(self, version: str, because: str = "") -> Served:
        """Serve this version from now on; a canary or A/B test that it was part of ends."""
        served = self._served()
        if version == served.version:
            return served
        self._answers(version, served)
        return self._change(version, served, "promote", because)

    def roll_back(self, because: str = "") -> tuple[Served, Rollout]:
        """Undo the last step: a canary or A/B test that is on ends, else the previous version is served again."""
        served, wanted = self._served(), self.ledger.rollouts.wanted(self.name)
        if wanted.shares:
            return served, self._want("end", ", ".join(wanted.shares), because, wanted, shares={})
        if not served.previous:
            raise WorkspaceError(
                f"'{served.version}' is the first version of '{self.name}': there is none to go back to"
            )
        self._readable(served.previous)
        return self._change(served.previous, served, "roll back", because), wanted

    def shadow(self, version: str, because: str = "") -> Rollout:
        """Have a version predict the same requests without answering; "" ends that."""
        wanted = self.ledger.rollouts.wanted(self.name)
        if version:
            self._another(version, self._served())
            self._readable(version)
        return self._want("shadow" if version else "end", version or wanted.shadow, because, wanted, shadow=version)

    def share(self, shares: Mapping[str, float], because: str = "") -> Rollout:
        """Have versions answer these shares of keys, and the served one the others; none ends that.

        Raises
        ------
        ArtificerError
            When a share is not above 0 and at most 1, or they add up to more than 1.
        """
        wanted, served = self.ledger.rollouts.wanted(self.name), self._served()
        total = sum(shares.values())
        if not all(0 < share <= 1 for share in shares.values()) or total > 1 + 1e-9:
            raise ArtificerError(f"shares lie above 0 and add up to 1 at most; these add up to {total:g}")
        if len(shares) == 1:
            self._another(next(iter(shares)), served)
        for version in shares:
            self._answers(version, served)
        action = "end" if not shares else "A/B" if total > 1 - 1e-9 else "canary"
        return self._want(action, ", ".join(shares or wanted.shares), because, wanted, shares=shares)

    def approve(self, version: str, because: str) -> Served | None:
        """Say yes to a version; it is served from now on where that was waited for: none was yet, or `watch` asked.

        Raises
        ------
        ArtificerError
            When no reason is given.
        """
        if not because.strip():
            raise ArtificerError("an approval needs its reason")
        self._readable(version)
        if self.brief.authority.four_eyes:
            self._not_the_author(version)
        self.ledger.rollouts.keep(self.name, Act(version, "approve", self.who, because))
        served = self.ledger.served(self.name)
        if served is None:
            first = self.ledger.serve(self.name, version, seen=0, action="first", because=self._by(because))
            return first or self.ledger.served(self.name)
        if version != served.version and self._asked(version, served):
            return self.promote(version, because)
        return served

    def told(self) -> dict[str, Any]:
        """All of it: what is served and wanted, the candidates, who approved what, and what was done."""
        rollouts = self.ledger.rollouts
        served, wanted, acts, authors = (
            self.ledger.served(self.name),
            rollouts.wanted(self.name),
            rollouts.acts(self.name),
            rollouts.authors(),
        )
        approvals = [act for act in acts if act.action == "approve"]
        return {
            "name": self.name,
            "served": served,
            "wanted": wanted,
            "versions": [
                {
                    "version": version,
                    "author": authors.get(version, ""),
                    "approved_by": sorted({act.who for act in approvals if act.version == version}),
                    "state": self._state(version, served, wanted),
                }
                for version in self._known(served, wanted)
            ],
            "shadowed": list(rollouts.shadowed(self.name)),
            "acts": acts,
            "history": self.ledger.history(self.name),
        }

    def _known(self, served: Served | None, wanted: Rollout) -> list[str]:
        """The model's versions; and another model's too, while it answers in their place."""
        answers = {*wanted.versions, served.version if served is not None else ""}
        strange = {version for version in answers if version and (self.packages / version).is_dir()}
        return sorted({*stored(self.packages, self.name), *strange})

    def _state(self, version: str, served: Served | None, wanted: Rollout) -> str:
        if served is not None and version == served.version:
            return "served"
        if version in wanted.shares:
            return wanted.trial
        if version == wanted.shadow:
            return "shadow"
        return "previous" if served is not None and version == served.previous else "candidate"

    def _served(self) -> Served:
        served = self.ledger.served(self.name)
        if served is None:
            more = ", and approved by another person than its author" if self.brief.authority.four_eyes else ""
            raise WorkspaceError(
                f"no version of '{self.name}' is served yet; the first that `artificer run` makes is{more}"
            )
        return served

    def _another(self, version: str, served: Served) -> None:
        if version == served.version:
            raise ArtificerError(f"'{version}' is served already; name another version")

    def _readable(self, version: str) -> None:
        package = found(self.packages, version, self.name)
        try:
            artificer_runtime.load(package)
        except artificer_runtime.RuntimeInputError as error:
            raise WorkspaceError(f"'{version}' cannot be served: {error}") from error

    def _answers(self, version: str, served: Served) -> None:
        """See that a version may answer requests: it can be read, and is approved where the brief wants that."""
        self._readable(version)
        before = {served.version, served.previous, *(change.version for change in self.ledger.history(self.name))}
        if not self.brief.authority.four_eyes or version in before:
            return
        author = self.ledger.rollouts.authors().get(version, "")
        acts = self.ledger.rollouts.acts(self.name)
        yes = {act.who for act in acts if act.action == "approve" and act.version == version}
        if not author or not yes - {author}:
            raise NotAllowedError(
                f"'{version}' was made by {author or 'nobody whom the ledger knows'} and is approved by "
                f"{', '.join(sorted(yes)) or 'nobody'}: [authority] four_eyes wants the approval of someone other than its "
                f"author; `artificer approve BRIEF {version} --because …`"
            )

    def _not_the_author(self, version: str) -> None:
        author = self.ledger.rollouts.authors().get(version, "")
        if not author:
            raise NotAllowedError(
                f"the ledger does not know who made '{version}', so nobody is shown to be someone else "
                "([authority] four_eyes); train it again"
            )
        if author == self.who:
            raise NotAllowedError(
                f"'{version}' was made by {author}, who cannot approve it: [authority] four_eyes wants someone else"
            )

    def _asked(self, version: str, served: Served) -> bool:
        """Whether the last look waits for a yes to this version, beside the one that is served."""
        looks = self.ledger.looks(self.name)
        if not looks or looks[-1].outcome != "ask":
            return False
        looked = decode(looks[-1].body.encode(), Looked)
        return looked.challenger == version and looked.version == served.version

    def _change(self, version: str, served: Served, action: Any, because: str) -> Served:
        changed = self.ledger.serve(
            self.name, version, seen=served.revision, action=action, because=self._by(because, action)
        )
        if changed is None:
            raise WorkspaceError(LOST)
        self.ledger.rollouts.keep(self.name, Act(version, action, self.who, because))
        self.ledger.rollouts.leave(self.name, version, who=self.who, because=because)
        return changed

    def _want(
        self,
        action: str,
        version: str,
        because: str,
        seen: Rollout,
        *,
        shadow: str | None = None,
        shares: Mapping[str, float] | None = None,
    ) -> Rollout:
        changed = self.ledger.rollouts.want(
            self.name,
            Act(version, action, self.who, because),
            seen=seen.revision,
            shadow=seen.shadow if shadow is None else shadow,
            shares=seen.shares if shares is None else shares,
        )
        if changed is None:
            raise WorkspaceError(LOST)
        return changed

    def _by(self, because: str, action: str = "approve") -> str:
        done = {"promote": "promoted", "roll back": "rolled back to", "approve": "approved"}[action]
        return f"{self.who or 'a person'} {done} it{': ' if because else ''}{because}"
