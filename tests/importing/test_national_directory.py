"""The national directory's public extract: completes who is in the directory, approves and removes nobody (R-24)."""

import pytest

from portal.data.directory import Completed
from portal.importing.national_directory import telephone
from portal.importing.problems import UnreadableFile
from tests.importing.samples import Importer, csv_text, row

KIND = "national-directory"
DENTIST, PODIATRIST = "10000000017", "10000000025"
SHOP = "990000018"
# As the extract has them, in its order; the last title is empty, since each line ends with a pipe.
TITLES = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code savoir-faire|Libellé savoir-faire|Numéro SIRET site|Numéro FINESS site|"
    "Raison sociale site|Enseigne commerciale site|Numéro Voie (coord. structure)|"
    "Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Code postal (coord. structure)|"
    "Code commune (coord. structure)|Libellé commune (coord. structure)|Téléphone (coord. structure)|"
    "Téléphone 2 (coord. structure)|Libellé genre activité|"
)
PLAIN = {
    "Type d'identifiant PP": "8",
    "Identifiant PP": DENTIST,
    "Libellé profession": "Chirurgien-Dentiste",
    "Libellé savoir-faire": "Orthopédie dento-faciale",
    "Enseigne commerciale site": 'CABINET "LES LILAS"',
    "Numéro Voie (coord. structure)": "3",
    "Libellé type de voie (coord. structure)": "Rue",
    "Libellé Voie (coord. structure)": "DE L EGLISE",
    "Code postal (coord. structure)": "42000",
    "Téléphone (coord. structure)": "0199000001",
}
PERSON = "Identifiant PP"
PHONE, SPECIALTY = "Téléphone (coord. structure)", "Libellé savoir-faire"
STREET, SITE = "Libellé Voie (coord. structure)", "Numéro FINESS site"


def line(**changes: str) -> str:
    return "|".join((PLAIN | changes).get(title, "") for title in TITLES.split("|"))


def extract(*lines: str) -> str:
    return "\r\n".join((TITLES, *lines, ""))


def entry(**changes: str) -> dict:
    plain = {"national_id": DENTIST, "profession": "dentiste", "specialty": "", "phone": ""}
    return row("directory", **(plain | changes))


def listed(importer: Importer, *rows: dict):
    return importer("directory", csv_text("directory", *rows))


def stored(importer: Importer, columns: str = "phone, specialty, completed"):
    return importer.query(f"SELECT {columns} FROM practice ORDER BY national_id, profession, place_key")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_listed_professional_is_completed_and_the_rest_of_france_is_not(importer: Importer, encoding: str) -> None:
    listed(importer, entry())
    content = extract(line(), line(**{PERSON: "10000000033"}), line(**{STREET: "DU PARC"})).encode(encoding)
    first, again = importer(KIND, content), importer(KIND, content)
    assert (first.created, first.updated, first.ignored, first.rejected) == (0, 1, 2, 0)
    assert (again.updated, again.unchanged, again.ignored) == (0, 1, 2)
    both = Completed.PHONE | Completed.SPECIALTY
    assert stored(importer) == [("01 99 00 00 01", "Orthopédie dento-faciale", both)]
    assert stored(importer, "name, address, left_on") == [("Optique Œuvrard", "3, rue de l’Église", None)]


def test_word_of_the_network_stays_and_the_extracts_own_follows_it(importer: Importer) -> None:
    listed(importer, entry(phone="01 99 00 00 00"))
    importer(KIND, extract(line()))
    assert stored(importer) == [("01 99 00 00 00", "Orthopédie dento-faciale", Completed.SPECIALTY)]
    assert importer(KIND, extract(line(**{SPECIALTY: "Chirurgie orale"}))).updated == 1
    assert stored(importer) == [("01 99 00 00 00", "Chirurgie orale", Completed.SPECIALTY)]
    assert importer(KIND, extract(line(**{SPECIALTY: ""}))).updated == 1
    assert stored(importer) == [("01 99 00 00 00", "", 0)]


def test_next_file_of_the_network_keeps_what_was_completed_until_it_says_it_itself(importer: Importer) -> None:
    listed(importer, entry())
    importer(KIND, extract(line()))
    assert listed(importer, entry()).unchanged == 1
    assert listed(importer, entry(phone="01 99 00 00 09")).updated == 1
    assert stored(importer) == [("01 99 00 00 09", "Orthopédie dento-faciale", Completed.SPECIALTY)]
    assert importer(KIND, extract(line())).unchanged == 1


def test_who_has_left_is_not_completed_and_does_not_come_back(importer: Importer) -> None:
    listed(importer, entry())
    listed(importer, entry(national_id=PODIATRIST))
    assert importer(KIND, extract(line())).ignored == 1
    assert [day is None for (day,) in stored(importer, "left_on")] == [False, True]


def test_nobody_leaves_by_an_extract_that_does_not_name_them(importer: Importer) -> None:
    listed(importer, entry(), entry(national_id=PODIATRIST))
    assert importer(KIND, extract(line(**{PERSON: "10000000033"}))).updated == 0
    assert stored(importer, "left_on") == [(None,), (None,)]


def test_establishment_is_known_by_its_finess_however_its_address_is_written(importer: Importer) -> None:
    listed(importer, row("directory", phone="", specialty=""))
    at_shop = {SITE: SHOP, "Libellé profession": "Opticien-Lunetier", STREET: "CTRE COMMERCIAL"}
    report = importer(KIND, extract(line(**at_shop), line(**at_shop, **{PERSON: PODIATRIST})))
    assert (report.updated, report.merged, report.ignored) == (1, 1, 0)
    assert stored(importer) == [("01 99 00 00 01", "", Completed.PHONE)]


def test_establishment_of_two_addresses_is_known_by_its_address_too(importer: Importer) -> None:
    places = [row("directory", phone="", specialty="", address=address) for address in ("1 rue Neuve", "3 rue Neuve")]
    listed(importer, *places)
    assert importer(KIND, extract(line(**{SITE: SHOP, STREET: "NEUVE"}))).updated == 1
    assert [phone for (phone,) in stored(importer, "phone")] == ["", "01 99 00 00 01"]


def test_adeli_number_is_never_taken_for_a_finess(importer: Importer) -> None:
    listed(importer, row("directory", phone=""))
    importer(KIND, extract(line(**{"Type d'identifiant PP": "0", PERSON: SHOP})))
    assert stored(importer, "phone, completed") == [("", 0)]


def test_specialty_is_that_of_the_profession_and_each_line_says_its_part(importer: Importer) -> None:
    """A person of two professions has a line for each; a place of two lines is completed by both."""
    listed(importer, entry(profession="osteopathe"), entry(profession="podologue"))
    podiatrist = {"Libellé profession": "Pédicure-podologue", SPECIALTY: "Podologie du sport", PHONE: ""}
    other = {
        "Libellé profession": "Ostéopathe",
        SPECIALTY: "",
        "Téléphone 2 (coord. structure)": "+33 (0)1.99.00.00.02",
    }
    report = importer(KIND, extract(line(**podiatrist), line(**podiatrist), line(**(other | {PHONE: " "}))))
    assert (report.updated, report.merged) == (2, 2)
    assert [each[:2] for each in stored(importer)] == [
        ("01 99 00 00 02", ""),
        ("01 99 00 00 02", "Podologie du sport"),
    ]


def test_quotes_empty_lines_and_broken_lines_spoil_nothing_else(importer: Importer) -> None:
    listed(importer, entry())
    quoted = line(**{"Raison sociale site": '"LES LILAS" SARL', "Enseigne commerciale site": 'L"'})
    report = importer(KIND, extract("", "|" * TITLES.count("|"), "8|trop|court", "\x00", quoted))
    assert (report.updated, report.rejected) == (1, 2)
    assert [each[0] for each in importer.problems()] == ["4", "5"]


def test_quoted_pipes_and_a_plain_header_are_read_alike(importer: Importer) -> None:
    listed(importer, entry())
    header, cells = TITLES.lower().replace("é", "e"), line(**{"Enseigne commerciale site": ""})
    text = f'"{header}"\n"{cells}"'.replace("|", '"|"')
    assert importer(KIND, text).updated == 1


def test_hostile_value_of_a_listed_place_is_rejected_by_its_column(importer: Importer) -> None:
    listed(importer, entry())
    assert importer(KIND, extract(line(**{PHONE: "01\x0199", SPECIALTY: "x" * 2_001}))).rejected == 1
    assert [each[1] for each in importer.problems()] == ["phone", "specialty"]
    assert stored(importer) == [("", "", 0)]


def test_file_without_a_column_is_refused_by_its_name(importer: Importer) -> None:
    with pytest.raises(UnreadableFile, match=r"manquantes : libelle voie \(coord\. structure\)\.$"):
        importer(KIND, extract(line()).replace("Libellé Voie", "Rue"))
    with pytest.raises(UnreadableFile, match="Colonnes manquantes : national_id"):
        importer("directory", extract(line()))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0199000001", "01 99 00 00 01"),
        ("+33199000001", "01 99 00 00 01"),
        ("0033 1 99 00 00 01", "01 99 00 00 01"),
        ("01.99-00/00 01", "01 99 00 00 01"),
        ("3624", "3624"),
        ("+32 2 555 00 00", "+32 2 555 00 00"),
    ],
)
def test_french_number_is_written_in_pairs_and_another_stays(written: str, kept: str) -> None:
    assert telephone(written) == kept
