"""Episodes of care: what is done, by whom and at what price, close to real life."""

from datetime import date
from random import Random
from typing import Any, NamedTuple

from portal.data.persons import age_on
from portal.demo.people import Patient
from portal.demo.reference import Reference

DOCTORS = tuple("Fabule Conte Légende Mirage Esquisse Chimère Songe Parabole Fiction Mythe Rêve Énigme".split())  # noqa: SIM905
TOWNS = tuple("Villefictive Port-Exemple Saint-Modèle Montimage Bourg-Témoin Rivedémo".split())  # noqa: SIM905


class Care(NamedTuple):
    """An act before it is settled; `rule` is the guarantee rule it falls under, if the product has it.

    `incident`: the state to force on its line (refused, awaiting a piece, cancelled by a correction); empty for none.
    """

    day: date
    act: str
    quantity: int
    spent_cents: int
    rule: str
    provider: str
    third_party: bool = False
    in_care_path: bool = True
    other_cover_cents: int = 0
    incident: str = ""


class Providers:
    """The professionals a household goes to."""

    def __init__(self, rng: Random) -> None:
        town = rng.choice(TOWNS)
        names = rng.sample(DOCTORS, 6)
        self.doctor = f"Dr {names[0]}, médecin généraliste"
        self.specialist = f"Dr {names[1]}, spécialiste"
        self.unbound_specialist = f"Dr {names[2]}, spécialiste hors Optam"
        self.dentist = f"Dr {names[3]}, chirurgien-dentiste"
        self.physiotherapist = f"Cabinet {names[4]}, kinésithérapeute"
        self.nurse = f"Cabinet infirmier {names[5]}"
        self.pharmacy = f"Pharmacie de {town}"
        self.laboratory = f"Laboratoire de {town}"
        self.imaging = f"Centre d’imagerie de {town}"
        self.optician = f"Optique de {town}"
        self.hearing = f"Audition de {town}"
        self.hospital = f"Hôpital fictif de {town}"
        self.osteopath = f"Cabinet {names[4]}, ostéopathe"
        self.transport = f"Ambulances de {town}"


class Diary:
    """Collects a person's care. Each method is an episode that starts on a day."""

    def __init__(self, reference: Reference, patient: Patient, providers: Providers, rng: Random) -> None:
        self.reference = reference
        self.patient = patient
        self.at = providers
        self.rng = rng
        self.items: list[Care] = []

    def add(self, day: date, act: str, spent: int, rule: str, provider: str, quantity: int = 1, **more: Any) -> None:
        """Writes one act down; `more`: the last fields of `Care`."""
        self.items.append(Care(day, act, quantity, spent, rule, provider, **more))

    def price(self, act: str, day: date) -> int:
        """The tariff's base that day, in cents."""
        return self.reference.tariff(act, day).base_cents or 0

    def between(self, low: int, high: int) -> int:
        """A round price in cents, from `low` to `high`."""
        return low + int(self.rng.random() * (high - low)) // 50 * 50

    def later(self, day: date, days: int) -> date:
        """Some days after `day`, at most `days`."""
        return date.fromordinal(day.toordinal() + 1 + int(self.rng.random() * days))

    def drugs(self, day: date) -> None:
        """A visit to the pharmacy."""
        roll = self.rng.random()
        direct = roll < 0.2
        boxes = 1 + int(self.rng.random() * 3)
        self.add(day, "PH7", boxes * self.between(250, 1450), "PHARMACIE", self.at.pharmacy, boxes, third_party=direct)
        if roll > 0.55:
            self.add(day, "PH4", self.between(180, 700), "PHARMACIE", self.at.pharmacy, third_party=direct)
        if roll > 0.82:
            self.add(day, "PHN", self.between(300, 1500), "", self.at.pharmacy)
        if roll > 0.96:
            self.add(day, "PH2", self.between(150, 500), "PHARMACIE", self.at.pharmacy)

    def doctor(self, day: date) -> None:
        """A general practitioner, and often the pharmacy."""
        roll = self.rng.random()
        on_path = roll > 0.03
        act = "TCG" if roll > 0.93 else "V" if roll > 0.9 else "GS" if roll > 0.6 else "G"
        self.add(
            day, act, self.price(act, day), "MED-GEN", self.at.doctor, third_party=roll > 0.85, in_care_path=on_path
        )
        if self.rng.random() < 0.68:
            self.drugs(day)

    def specialist(self, day: date) -> None:
        """A specialist, inside or outside the moderation agreement."""
        roll = self.rng.random()
        other = 1000 if self.patient.relationship == "conjoint" and roll < 0.05 else 0
        if roll < 0.25:
            price = self.between(5500, 9500)
            self.add(day, "CS", price, "MED-LIBRE", self.at.unbound_specialist, other_cover_cents=other)
        elif roll < 0.85:
            price = self.price("CS", day) if roll < 0.45 else self.between(4000, 7000)
            self.add(day, "CS", price, "MED-OPTAM", self.at.specialist, in_care_path=roll < 0.8)
        else:
            act = "CSC" if roll < 0.93 else "APC"
            self.add(day, act, self.price(act, day), "MED-OPTAM", self.at.specialist)

    def psychiatrist(self, day: date) -> None:
        """A few visits to a psychiatrist."""
        for _ in range(2 + int(self.rng.random() * 5)):
            self.add(day, "CNP", self.price("CNP", day), "MED-OPTAM", "Dr Ténor, psychiatre")
            day = self.later(day, 40)

    def laboratory(self, day: date) -> None:
        """Blood tests."""
        roll = self.rng.random()
        self.add(day, "B", self.between(900, 6500), "ANALYSES", self.at.laboratory, third_party=roll < 0.4)

    def imaging(self, day: date) -> None:
        """An X-ray or an ultrasound scan."""
        if self.rng.random() < 0.5:
            self.add(day, "ADI", self.between(2000, 6500), "IMAGERIE", self.at.imaging)
        else:
            self.add(day, "ADE", self.price("ADE", day) + self.between(0, 3500), "IMAGERIE", self.at.imaging)

    def physiotherapy(self, day: date) -> None:
        """A series of sessions."""
        for _ in range(5 + int(self.rng.random() * 8)):
            self.add(day, "AMK", self.price("AMK", day), "AUXILIAIRES", self.at.physiotherapist)
            day = self.later(day, 6)

    def nursing(self, day: date) -> None:
        """Some days of nursing, often two acts a day."""
        for _ in range(1 + int(self.rng.random() * 4)):
            quantity = 1 + int(self.rng.random() * 2)
            price = quantity * self.price("AMI", day)
            self.add(day, "AMI", price, "AUXILIAIRES", self.at.nurse, quantity, third_party=self.rng.random() < 0.3)
            day = self.later(day, 2)

    def speech_therapy(self, day: date) -> None:
        """A child's speech therapy."""
        for _ in range(8):
            self.add(day, "AMO", self.price("AMO", day), "AUXILIAIRES", "Cabinet Parole, orthophoniste")
            day = self.later(day, 10)

    def dentist(self, day: date) -> None:
        """A check and what it finds."""
        self.add(day, "AXI", self.price("AXI", day), "DENT-SOINS", self.at.dentist)
        if self.rng.random() < 0.5:
            quantity = 1 + int(self.rng.random() * 2)
            self.add(day, "SDE", quantity * self.price("SDE", day), "DENT-SOINS", self.at.dentist, quantity)
        if self.rng.random() < 0.1:
            self.add(day, "END", self.price("END", day), "DENT-SOINS", self.at.dentist)

    def crown(self, day: date) -> None:
        """A crown: 100 % Santé, moderate or free price; now and then two, or an implant."""
        roll = self.rng.random()
        if roll < 0.5:
            self.add(day, "CZ0", self.between(44000, 50000), "DENT-100", self.at.dentist)
            return
        for _ in range(1 + int(self.rng.random() * 5) // 2):
            act = "CT1" if roll < 0.75 else "ICO"
            self.add(day, act, self.between(53000, 95000), "DENT-LIBRE", self.at.dentist)
            day = self.later(day, 30)
        if roll > 0.93:
            self.add(day, "IMP", self.between(90000, 130000), "IMPLANT", self.at.dentist)

    def orthodontics(self, day: date) -> None:
        """Two terms of treatment."""
        for _ in range(2):
            self.add(day, "ORT", self.between(60000, 85000), "ORTHODONTIE", self.at.dentist)
            day = date.fromordinal(day.toordinal() + 182)

    def glasses(self, day: date) -> None:
        """A pair of glasses, sometimes too early to be covered again."""
        age = age_on(self.patient.birth_date, day)
        child = "-JEUNE" if age < 6 else "-ENFANT" if age < 16 else ""
        if self.rng.random() < 0.12:
            self.add(day, "OPT", 9500, f"OPT-100{child}", self.at.optician, third_party=True)
        else:
            direct = self.rng.random() < 0.7
            price = self.between(18000, 52000)
            self.add(day, "LUN", price, f"OPT-LIBRE{child}", self.at.optician, third_party=direct)

    def lenses(self, day: date) -> None:
        """Contact lenses, twice."""
        for _ in range(2):
            self.add(day, "LEN", self.between(6000, 14000), "LENTILLES", self.at.optician)
            day = self.later(day, 150)

    def hearing(self, day: date) -> None:
        """Two hearing aids, of class I or of a free price."""
        free = self.rng.random() < 0.6
        price, rule = (self.between(130000, 180000), "AUDIO-LIBRE") if free else (95000, "AUDIO-100")
        for _ in range(2):
            self.add(day, "PAU", price, rule, self.at.hearing, third_party=not free)

    def osteopathy(self, day: date) -> None:
        """One to six sessions: some exhaust the year's."""
        for _ in range(1 + int(self.rng.random() * 6)):
            self.add(day, "OST", self.between(5500, 7500), "OSTEO", self.at.osteopath)
            day = self.later(day, 30)

    def vaccine(self, day: date) -> None:
        """A vaccine that the base scheme does not refund."""
        self.add(day, "VAC", self.between(2500, 6000), "VACCINS", self.at.pharmacy)

    def emergency(self, day: date) -> None:
        """A visit to the emergency room; its fixed fee exists since 2022."""
        price = self.reference.figures.value("forfait_patient_urgences", day)
        if price is None:
            return
        self.add(day, "FPU", price, "FPU", self.at.hospital, third_party=self.rng.random() < 0.5)

    def hospital(self, day: date) -> None:
        """A stay: the hospital's bill, the daily fee, often a private room, sometimes an operation."""
        nights = 1 + int(self.rng.random() * 5)
        fee = self.reference.amount("forfait_journalier", day)
        self.add(day, "PJ", nights * self.between(60000, 95000), "SEJOUR", self.at.hospital, nights, third_party=True)
        self.add(day, "FJ", nights * fee, "FJ", self.at.hospital, nights, third_party=True)
        if self.rng.random() < 0.6:
            self.add(day, "SHO", nights * self.between(5500, 11000), "CHAMBRE", self.at.hospital, nights)
        if self.rng.random() < 0.5:
            self.add(day, "ADC", self.between(27200, 62000), "CHIRURGIE", self.at.hospital)
            self.add(day, "ADA", self.between(10500, 21000), "CHIRURGIE", self.at.hospital)

    def transport(self, day: date) -> None:
        """There and back."""
        for _ in range(2):
            act = "ABA" if self.rng.random() < 0.2 else "VSL"
            self.add(day, act, self.between(2500, 8000), "TRANSPORT", self.at.transport)

    def cure(self, day: date) -> None:
        """A thermal cure."""
        self.add(day, "CUR", self.between(45000, 60000), "CURE", "Thermes de Villefictive")

    def pregnancy(self, day: date) -> None:
        """Midwife and scans."""
        for number in range(6):
            self.add(day, "SF", self.price("SF", day), "MATERNITE", "Sage-femme Aurore")
            if number % 2 == 0:
                self.add(day, "ECM", self.between(6000, 11000), "MATERNITE", self.at.imaging)
            day = date.fromordinal(day.toordinal() + 30)
