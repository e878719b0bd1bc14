"""The epidemic of ``nof1 demo``: from a line list to a map, an alarm, a forecast and a plan.

Every step is the command that a user would type, run on the demo's workspace as of one telling
day of the past. A step that cannot run here (a package is missing, say) is told, never skipped in
silence.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nof1.core.errors import Nof1Error

if TYPE_CHECKING:
    from nof1.cli.demo_patient import Asked
    from nof1.core.workspace import Workspace
    from nof1.surveillance.store import Store
    from nof1.synthetic.epidemic_files import WrittenEpidemic

SIGNAL, WORDS, PAGE = "influenza", "influenza cases", "epidemic.html"
SUPPLY = "90%"  # of the median need: short, so that the plan has to choose
WEEKS_BEFORE = 6
INTERVAL = ("--serial-interval-mean", "3.5", "--serial-interval-sd", "1.6")  # truth: 3.48, 1.61


@dataclass(eq=False)
class EpidemicRoom:
    """The surveillance room of the demo's workspace.

    Attributes
    ----------
    written : the files of the epidemic, and its truth.
    day : as of when everything is asked; nothing reported later is used.
    answers : command -> its JSON; ``missing`` : command -> why there is none.
    """

    workspace: Workspace
    written: WrittenEpidemic
    day: date
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, workspace: Workspace, hospital: Path, seed: int) -> EpidemicRoom:
        """Draw the epidemic, write it beside the hospital, and import its line list."""
        from nof1.synthetic.epidemic import Plan, telling_day
        from nof1.synthetic.epidemic_files import write_epidemic

        written = write_epidemic(hospital, Plan(seed=seed))
        room = cls(workspace, written, telling_day(written.epidemic))
        room.ask("import", str(written.linelist), "--signal", SIGNAL, "--title", WORDS,
                 "--locations", str(written.locations), "--map", str(written.map))  # fmt: skip
        return room

    def ask(self, command: str, *arguments: str) -> dict[str, Any] | None:
        """Run a command of the room and keep its answer; None when it could not answer."""
        from nof1.cli.surveillance import surveillance

        told = io.StringIO()
        words = [*arguments, "--workspace", str(self.workspace.root), "--json"]
        try:
            with redirect_stdout(told):
                surveillance.main([command, *words], "nof1 surveillance", standalone_mode=False)
        except Nof1Error as error:
            self.missing[command] = error.message
            return None
        except ModuleNotFoundError as error:
            self.missing[command] = f"the package {error.name!r} is not installed."
            return None
        answer: dict[str, Any] = json.loads(told.getvalue().splitlines()[-1])
        self.answers[command] = answer
        return answer

    def run(self, say: Callable[[str], None]) -> None:
        """The whole chain, as of ``day``."""
        as_of = ("--as-of", self.day.isoformat())
        steps: tuple[tuple[str, str, tuple[str, ...]], ...] = (
            ("nowcast", "Allow for the reports that are still to come", as_of),
            ("transmission", "How fast does it spread?", (*as_of, *INTERVAL)),
            ("alarms", "Where are more cases than expected?", (*as_of, "--scan", "poisson")),
            ("activity", "Level and trend of each region", as_of),
            ("forecast", "Forecast the coming weeks", as_of),
            ("allocate", "Share out beds under the forecast", ("--supply", SUPPLY)),
        )
        for command, words, arguments in steps:
            say(words)
            if self.ask(command, SIGNAL, *arguments) is None:
                say(f"  no answer: {self.missing[command]}")

    @property
    def store(self) -> Store:
        """The as-of store of the workspace."""
        from nof1.surveillance.store import FOLDER, Store

        return Store(self.workspace.root / FOLDER)

    def page(self, report: Path, links: Mapping[str, str]) -> Path:
        """Write the room's page into the folder of the demo's pages."""
        from nof1.cli.surveillance_report import document
        from nof1.cli.twins import write_csv
        from nof1.pictures import pages
        from nof1.pictures.views.surveillance import listing

        path = report / PAGE
        data = document(self.store, SIGNAL)
        data |= {"table_name": path.with_suffix(".csv").name, "links": dict(links)}
        written = pages.write("surveillance", data, path)
        write_csv(path, *listing(data))
        return written

    def step(self) -> dict[str, Any]:
        """The step of the first page about the epidemic."""
        missing = "".join(f" No {name}: {why}" for name, why in self.missing.items())
        return {
            "title": "The epidemic",
            "text": "A health office's line list of the same forty regions, as it was known on "
            f"{self.day.day} {self.day:%B %Y}: late, with weekends and faults. The reports still "
            "to come are allowed for; then each region is held against its own past, the coming "
            f"weeks are forecast, and beds are shared out.{missing}",
            "figures": [
                {"label": label, "value": value}
                for label, value in (
                    ("cases in the line list", self._cases()),
                    ("regions by level", self._levels()),
                    ("regions with an alarm", self._alarms()),
                    ("last outbreak that was planted", self._planted()),
                )
                if value
            ],
            "links": [
                {"href": PAGE, "text": "Epidemic report"},
                {"href": Path(PAGE).with_suffix(".csv").name, "text": "Table (CSV)"},
            ],
        }

    def _cases(self) -> str:
        told = self.answers.get("import")
        return f"{told['new']:,} ({told['set_aside']:,} lines set aside)" if told else ""

    def _levels(self) -> str:
        told = self.answers.get("activity")
        if told is None:
            return ""
        counts = Counter(row["level"] for row in told["rows"])
        return ", ".join(f"{counts[level]} {level}" for level in told["levels"] if counts[level])

    def _alarms(self) -> str:
        told = self.answers.get("alarms")
        if told is None:
            return ""
        rows = {row["place"] for row in told["rows"] if row["status"] == "alarm"}
        tested = {row["place"] for row in told["rows"]}
        return f"{len(rows)} of {len(tested)}"

    def _planted(self) -> str:
        """The outbreak of the truth that ended last before the day, and whether it was seen."""
        outbreaks = self.written.epidemic.outbreaks
        past = [row for row in outbreaks.iter_rows(named=True) if row["last"] < self.day]
        last = max(past, key=lambda row: row["last"])
        told = self.answers.get("alarms")
        seen = ""
        if told is not None:
            found = any(
                row["place"] == last["place"] and row["status"] == "alarm" for row in told["rows"]
            )
            seen = ": alarm" if found else ": no alarm"
        return (
            f"{last['place']}, {last['cases']} cases to {last['last'].day} {last['last']:%B}{seen}"
        )

    def around(self, site: str, at: datetime) -> int:
        """Give a site's patients the activity of their regions in the weeks before a moment.

        Each week holds what was known then. Returns the number of events added.
        """
        from nof1.record.ingest import ingest
        from nof1.surveillance import activity_files
        from nof1.surveillance.activity import activity

        last = at.date() - timedelta(days=1)  # a day is known at its end
        days = [last - timedelta(weeks=back) for back in range(WEEKS_BEFORE, -1, -1)]
        found = [activity(self.store.panel(SIGNAL, day), lag_days=14) for day in days]
        folder = self.written.folder / "activity"
        activity_files.write(folder, SIGNAL, found, synthetic=True)
        return ingest(self.workspace.record, [folder], site=site, settings={}).added

    def told(self, asked: Asked) -> Asked:
        """Put the activity of the patient's region into the record, and ask again."""
        from nof1.advice.hospital import Hospital

        site = asked.bedside.events["site"][-1]
        self.around(site, asked.at)
        bedside = Hospital(self.workspace).patient(asked.bedside.patient, site)
        return replace(asked, bedside=bedside, findings=bedside.advise(asked.at))
