"""The epidemic of the synthetic hospital: influenza-like waves over forty regions, fully known.

A stochastic SEIR chain, day by day, in each region and age group: everybody susceptible escapes
or is infected (binomial), becomes infectious after a geometric latent time, and stops after a
geometric infectious time. Regions mix by gravity (people meet the more people, the larger a place
is and the nearer it lies; Xia, Bjornstad and Grenfell 2004, Am Nat 164:267), age groups by a
contact table. Each summer the part of the people that is susceptible is drawn anew (a new strain).
What is seen of it is drawn in ``notification``. Nothing is fitted to real influenza.

>>> truth = simulate(Plan(seed=1, seasons=1, outbreaks_a_season=1))
>>> truth.infections.shape == (len(truth.days), 40, len(AGES))
True
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nof1.core.errors import UsageError
from nof1.synthetic.geography import AROUND, Country, country

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

AGES = ("0-4", "5-17", "18-64", "65+")
AGE_SHARES = np.array([0.06, 0.16, 0.58, 0.20])
# Relative contact rates of a person of the row with people of the column; scaled below.
CONTACTS = np.array(
    [[3.0, 1.6, 1.0, 0.4], [1.6, 5.0, 0.9, 0.3], [1.0, 0.9, 1.2, 0.6], [0.4, 0.3, 0.6, 0.9]]
)
LEAVE_LATENT, LEAVE_INFECTIOUS = 0.55, 0.60  # chance a day; geometric times from one day on
AWAY, DISTANCE_POWER, SIZE_POWER, NEAREST_KM = 0.12, 1.6, 0.8, 15.0
SUSCEPTIBLE_BY_AGE = np.array([1.15, 1.10, 0.97, 0.90])
WINTER, PEAK_DAY = 0.20, 15  # of a wave about its mean: highest in mid January, lowest in July
IMPORTS_A_DAY, FIRST_INFECTED = 0.12, 150
SHORTEST, LONGEST = 1, 12
RISING_WAVE, TOWN_EVERY = 2, AROUND + 1


@dataclass(frozen=True)
class Plan:
    """What is drawn.

    Attributes
    ----------
    seed : non-negative. ``first`` : a 1 July; ``seasons`` : years from then on, 1 to 12.
    cases : reported cases, about; the part of the infections that is seen is set by it.
    outbreaks_a_season : planted local outbreaks.

    Raises
    ------
    UsageError : a number out of its range.
    """

    seed: int = 1
    first: date = date(2016, 7, 1)
    seasons: int = 8
    cases: int = 62_000
    outbreaks_a_season: int = 3

    def __post_init__(self) -> None:
        good = self.seed >= 0 and SHORTEST <= self.seasons <= LONGEST
        good &= (self.first.month, self.first.day) == (7, 1)
        good &= 0 <= self.cases <= 500_000 and 0 <= self.outbreaks_a_season <= 12
        if not good:
            raise UsageError(
                "The plan of the synthetic epidemic is out of range.",
                where="Plan(...)",
                allowed="seed >= 0, first a 1 July, 1 to 12 seasons, at most 500,000 cases, "
                "at most 12 outbreaks a season",
            )

    @property
    def last(self) -> date:
        """The last day: a 30 June."""
        return date(self.first.year + self.seasons, 6, 30)

    def season_start(self, season: int) -> date:
        """The 1 July that begins a season, counted from 0."""
        return date(self.first.year + season, 7, 1)


@dataclass(frozen=True, eq=False, repr=False)
class Epidemic:
    """Everything that the simulation knows; arrays count days from ``plan.first``.

    Attributes
    ----------
    days : (days,) datetime64[D].
    infections : (days, regions, ages) people infected on a day.
    onsets : same shape, people who fall ill (and become infectious) on a day.
    r : (days, regions) people whom one infectious person of the region would infect in all, were
        the whole time as that day (instantaneous reproduction number, arrivals from outside not
        counted); NaN where nobody is infectious. ``r_total`` : (days,) of the country.
    seasons : season, start, place (where the wave began), r0, susceptible, infections, peak.
    outbreaks : outbreak, place, first, last, age_group, cases: planted, see ``outbreaks``.
    """

    plan: Plan
    country: Country
    days: NDArray[np.datetime64]
    infections: Counts
    onsets: Counts
    r: Floats
    r_total: Floats
    seasons: pl.DataFrame
    outbreaks: pl.DataFrame


@dataclass(frozen=True)
class _Wave:
    season: int
    begin: int  # day of the first infections
    place: int
    r0: float
    susceptible: float


def telling_day(epidemic: Epidemic) -> date:
    """A day to look at: shortly after the outbreak in the rising wave of the largest late season.

    Raises
    ------
    UsageError : the plan has fewer than five seasons or no third outbreak.
    """
    plan = epidemic.plan
    if plan.seasons < 5 or plan.outbreaks_a_season <= RISING_WAVE:
        raise UsageError(
            "This epidemic has no late season with an outbreak in its rising wave.",
            where="Plan(...)",
            allowed="5 seasons or more, 3 outbreaks a season or more",
        )
    size = epidemic.seasons["infections"].to_numpy()[4:]
    season = 4 + int(size.argmax())
    last: date = epidemic.outbreaks["last"][season * plan.outbreaks_a_season + RISING_WAVE]
    found: date = min(last + timedelta(days=4), plan.last)
    return found


def serial_interval() -> tuple[float, float]:
    """True mean and standard deviation, days, of the time from an onset to the onsets it causes.

    The sum of a latent time and of the day, within the infectious time, on which somebody is
    infected; both geometric. The generation interval has the same distribution.
    """
    e, i = LEAVE_LATENT, LEAVE_INFECTIOUS
    return 1 / e + 1 / i, float(np.sqrt((1 - e) / e**2 + (1 - i) / i**2))


def simulate(plan: Plan) -> Epidemic:
    """Draw the epidemic; one plan gives the same one every time."""
    rng = np.random.default_rng([plan.seed, 1])
    land = country(plan.seed)
    days = np.arange(np.datetime64(plan.first), np.datetime64(plan.last) + 1, dtype="datetime64[D]")
    waves = [_wave(rng, plan, land, season) for season in range(plan.seasons)]
    chain = _Chain.begin(rng, land, days, waves)
    for at in range(len(days)):
        chain.day(at)
    seasons = _season_table(plan, land, waves, days, chain.infections)
    peaks = [(peak - plan.first).days for peak in seasons["peak"].to_list()]
    rng_outbreaks = np.random.default_rng([plan.seed, 2])
    return Epidemic(
        plan=plan,
        country=land,
        days=days,
        infections=chain.infections,
        onsets=chain.onsets,
        r=chain.r,
        r_total=chain.r_total,
        seasons=seasons,
        outbreaks=outbreaks(rng_outbreaks, plan, land, [wave.begin for wave in waves], peaks),
    )


def _wave(rng: np.random.Generator, plan: Plan, land: Country, season: int) -> _Wave:
    """Start from mid October to mid December; effective R near 1.2 to 1.4 in mid January."""
    begin = (plan.season_start(season) - plan.first).days + int(rng.integers(107, 168))
    susceptible = float(rng.uniform(0.45, 0.62))
    effective = float(rng.uniform(1.17, 1.38))
    place = int(rng.integers(len(land.regions)))
    return _Wave(season, begin, place, effective / susceptible, susceptible)


def contact_table() -> Floats:
    """``CONTACTS`` scaled so that beta / leave rate is the basic reproduction number."""
    weighted = AGE_SHARES[:, None] * CONTACTS
    return np.asarray(CONTACTS / np.abs(np.linalg.eigvals(weighted)).max())


def mixing(land: Country) -> Floats:
    """(from, to): part of the contacts of a person of one region that lie in the other."""
    away = np.maximum(land.distances_km(), NEAREST_KM) ** -DISTANCE_POWER
    away *= (land.population**SIZE_POWER)[None, :]
    np.fill_diagonal(away, 0.0)
    away *= AWAY / away.sum(axis=1, keepdims=True)
    return np.asarray(away + (1 - AWAY) * np.eye(len(away)))


@dataclass
class _Chain:
    """The state of the epidemic, (regions, ages) each, and what it has left behind."""

    rng: np.random.Generator
    people: Counts
    size: Floats
    meet: Floats
    contacts: Floats
    beta: Floats
    resets: dict[int, float]
    seeds: dict[int, int]
    infections: Counts
    onsets: Counts
    r: Floats
    r_total: Floats
    susceptible: Counts
    latent: Counts
    infectious: Counts

    @classmethod
    def begin(
        cls,
        rng: np.random.Generator,
        land: Country,
        days: NDArray[np.datetime64],
        waves: list[_Wave],
    ) -> _Chain:
        """Nobody is infected; the parts of the seasons are laid out by day."""
        people = (land.population[:, None] * AGE_SHARES[None]).astype(np.int64)
        shape = (len(days), *people.shape)
        july = [at for at, day in enumerate(days.tolist()) if (day.month, day.day) == (7, 1)]
        season = np.searchsorted(np.array(july), np.arange(len(days)), side="right") - 1
        of_year = (days - days.astype("datetime64[Y]")).astype(float)
        winter = 1 + WINTER * np.cos(2 * np.pi * (of_year - PEAK_DAY) / 365.25)
        winter /= 1 + WINTER
        r0 = np.array([wave.r0 for wave in waves])[season]
        return cls(
            rng=rng,
            people=people,
            size=people.sum(axis=1).astype(float),
            meet=mixing(land),
            contacts=contact_table(),
            beta=r0 * winter * LEAVE_INFECTIOUS,
            resets={at: wave.susceptible for at, wave in zip(july, waves, strict=True)},
            seeds={wave.begin: wave.place for wave in waves},
            infections=np.zeros(shape, np.int64),
            onsets=np.zeros(shape, np.int64),
            r=np.full(shape[:2], np.nan),
            r_total=np.full(shape[0], np.nan),
            susceptible=people.copy(),
            latent=np.zeros_like(people),
            infectious=np.zeros_like(people),
        )

    def day(self, at: int) -> None:
        """One day: who is infected, who falls ill, who stops being infectious."""
        if at in self.resets:
            part = np.clip(self.resets[at] * SUSCEPTIBLE_BY_AGE, 0, 1)
            self.susceptible = (self.people * part).astype(np.int64)
        self._reproduction(at)
        force = self.beta[at] * (self.meet.T @ self.infectious / self.size[:, None])
        hazard = force @ self.contacts.T + self._imports()
        infected = self.rng.binomial(self.susceptible, -np.expm1(-hazard))
        if at in self.seeds:
            infected[self.seeds[at]] += (FIRST_INFECTED * AGE_SHARES).astype(np.int64)
            infected = np.minimum(infected, self.susceptible)
        ill = self.rng.binomial(self.latent, LEAVE_LATENT)
        well = self.rng.binomial(self.infectious, LEAVE_INFECTIOUS)
        self.susceptible = self.susceptible - infected
        self.latent = self.latent + infected - ill
        self.infectious = self.infectious + ill - well
        self.infections[at], self.onsets[at] = infected, ill

    def _imports(self) -> float:
        """Hazard a day of being infected from abroad, the same for everybody."""
        return float(self.rng.poisson(IMPORTS_A_DAY) / max(self.susceptible.sum(), 1))

    def _reproduction(self, at: int) -> None:
        if not self.infectious.any():
            return
        caused = self.meet @ (self.susceptible @ self.contacts / self.size[:, None])
        caused = self.infectious * caused * (self.beta[at] / LEAVE_INFECTIOUS)
        here = self.infectious.sum(axis=1)
        self.r[at] = np.where(here > 0, caused.sum(axis=1) / np.maximum(here, 1), np.nan)
        self.r_total[at] = caused.sum() / here.sum()


def _season_table(
    plan: Plan,
    land: Country,
    waves: list[_Wave],
    days: NDArray[np.datetime64],
    infections: Counts,
) -> pl.DataFrame:
    """One row a season."""
    daily = infections.sum(axis=(1, 2))
    rows = []
    for wave in waves:
        start = (plan.season_start(wave.season) - plan.first).days
        end = (plan.season_start(wave.season + 1) - plan.first).days
        rows.append(
            {
                "season": plan.first.year + wave.season,
                "start": days[wave.begin].item(),
                "place": land.regions[wave.place],
                "r0": wave.r0,
                "susceptible": wave.susceptible,
                "infections": int(daily[start:end].sum()),
                "peak": days[start + int(daily[start:end].argmax())].item(),
            }
        )
    return pl.DataFrame(rows)


def outbreaks(
    rng: np.random.Generator, plan: Plan, land: Country, begins: list[int], peaks: list[int]
) -> pl.DataFrame:
    """Planted local outbreaks: outbreak, place, first, last, age_group, cases.

    The first of each season lies in a quiet month (August to October), the second just after
    the wave begins somewhere, the third in the rising wave and not in a town, others anywhere.
    They come from one source (a canteen, a ward), are all reported, and infect nobody else:
    nothing of the wave depends on them.
    """
    rows: list[dict[str, Any]] = []
    places = np.arange(len(land.regions))
    for season, (begin, peak) in enumerate(zip(begins, peaks, strict=True)):
        july = (plan.season_start(season) - plan.first).days
        for number in range(plan.outbreaks_a_season):
            spans = (
                (july + 31, july + 110),
                (begin + 8, begin + 30),
                (peak - 30, peak - 20),
                (july, july + 330),
            )
            first = int(rng.integers(*spans[min(number, 3)]))
            where = places[places % TOWN_EVERY > 0] if number == RISING_WAVE else places
            length, cases = int(rng.integers(7, 15)), int(rng.integers(20, 60))
            rows.append(
                {
                    "outbreak": f"SYN-OUT-{len(rows) + 1:02d}",
                    "place": land.regions[int(rng.choice(where))],
                    "first": plan.first + timedelta(days=first),
                    "last": plan.first + timedelta(days=first + length - 1),
                    "age_group": AGES[int(rng.choice(len(AGES), p=[0.15, 0.35, 0.1, 0.4]))],
                    "cases": cases,
                }
            )
    kinds = {"outbreak": pl.String, "place": pl.String, "first": pl.Date, "last": pl.Date}
    return pl.DataFrame(rows, schema={**kinds, "age_group": pl.String, "cases": pl.Int64})
