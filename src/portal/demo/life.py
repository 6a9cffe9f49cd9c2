"""How often people need care: episodes drawn at random, by age, over a person's time of cover."""

from bisect import bisect
from collections.abc import Callable
from datetime import date
from itertools import accumulate
from random import Random

from portal.data.persons import age_on
from portal.demo.care import Care, Diary

Episode = Callable[[Diary, date], None]

# Yearly frequency of each episode: before 16, from 16 to 39, from 40 to 59, from 60 on.
FREQUENCIES: dict[Episode, tuple[float, float, float, float]] = {
    Diary.doctor: (3.0, 2.2, 2.6, 4.0),
    Diary.specialist: (0.35, 0.8, 1.1, 1.8),
    Diary.drugs: (0.8, 0.8, 1.2, 2.2),
    Diary.laboratory: (0.15, 0.6, 0.9, 1.8),
    Diary.imaging: (0.15, 0.3, 0.45, 0.6),
    Diary.physiotherapy: (0.03, 0.1, 0.15, 0.2),
    Diary.nursing: (0.05, 0.1, 0.15, 0.6),
    Diary.speech_therapy: (0.06, 0, 0, 0.01),
    Diary.psychiatrist: (0.01, 0.05, 0.05, 0.02),
    Diary.dentist: (0.6, 0.7, 0.8, 0.8),
    Diary.crown: (0, 0.03, 0.09, 0.13),
    Diary.orthodontics: (0.06, 0.01, 0, 0),
    Diary.glasses: (0.2, 0.2, 0.3, 0.35),
    Diary.lenses: (0.01, 0.1, 0.05, 0),
    Diary.hearing: (0, 0, 0.005, 0.04),
    Diary.osteopathy: (0.05, 0.2, 0.25, 0.12),
    Diary.vaccine: (0.1, 0.06, 0.05, 0.05),
    Diary.emergency: (0.15, 0.1, 0.08, 0.1),
    Diary.hospital: (0.03, 0.05, 0.07, 0.16),
    Diary.transport: (0.01, 0.02, 0.04, 0.12),
    Diary.cure: (0, 0, 0.01, 0.03),
}
EPISODES: list[Episode] = list(FREQUENCIES)
CUMULATED = [list(accumulate(column)) for column in zip(*FREQUENCIES.values(), strict=True)]
AGES = (16, 40, 60)
A_YEAR = 365
FERTILE = range(24, 39)


def live(diary: Diary, first: date, last: date) -> list[Care]:
    """The care of a person between two days, both included, in order of date."""
    days = last.toordinal() - first.toordinal() + 1
    for start in range(0, days, A_YEAR):
        _occasional(diary, date.fromordinal(first.toordinal() + start), min(A_YEAR, days - start))
    _regular(diary, first, days)
    kept = [care for care in diary.items if first <= care.day <= last]
    return sorted(kept, key=lambda care: care.day)


def _occasional(diary: Diary, first: date, days: int) -> None:
    random, born = diary.rng.random, diary.patient.birth_date
    start, middle = first.toordinal(), date.fromordinal(first.toordinal() + days // 2)
    cumulated = CUMULATED[bisect(AGES, age_on(born, middle))]
    for _ in range(_count(diary.rng, cumulated[-1] * days / A_YEAR)):
        episode = EPISODES[min(bisect(cumulated, random() * cumulated[-1]), len(EPISODES) - 1)]
        episode(diary, date.fromordinal(start + int(random() * days)))
    if diary.patient.is_female and age_on(born, middle) in FERTILE and random() < 0.1:
        diary.pregnancy(date.fromordinal(start + int(random() * days)))


def _regular(diary: Diary, first: date, days: int) -> None:
    """Monthly drugs of the chronically ill; for the gravely ill, care every week: their yearly caps are reached."""
    every = 7 if diary.patient.heavy else 30 if diary.patient.chronic else 0
    if not every:
        return
    for ordinal in range(first.toordinal(), first.toordinal() + days, every):
        day = date.fromordinal(ordinal)
        diary.drugs(day)
        if diary.patient.heavy:
            diary.nursing(day)
            diary.doctor(day)


def _count(rng: Random, mean: float) -> int:
    """How many episodes, around a mean: some people need little, some a lot."""
    count = mean * (0.5 + rng.random())
    return int(count) + (rng.random() < count % 1)
