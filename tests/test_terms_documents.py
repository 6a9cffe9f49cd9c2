"""The terms of use as PDF/UA-1, and the proof of an acceptance (R-14, security E4)."""

import io
from datetime import UTC, datetime

import pikepdf
import pytest

from portal.data.acceptances import Proof
from portal.data.terms import TermsVersion, digest_of
from portal.insurer import Insurer
from portal.terms_documents import proof_pdf, terms_pdf
from tests.support.terms import FIRST
from tests.test_documents import HOSTILE, elements, flat, text_in

INSURER = Insurer(
    name="Mutuelle des Rives", address="12 quai des Exemples", phone="01 99 00 00 00", email="a@b.example", network="K"
)
AT = datetime(2026, 12, 31, 23, 5, 6, 789, tzinfo=UTC)
URL = "https://portail.example/conditions/versions/1/markdown"


def version(text: str = FIRST) -> TermsVersion:
    return TermsVersion(number=1, text=text, sha256=digest_of(text), effective_at=AT, published_at=AT)


def proof(**values: str) -> Proof:
    facts = {"capacity": "capable", "representative_name": "", "hash": "ab" * 32} | values
    return Proof(version=1, sha256=digest_of(FIRST), accepted_at=AT, identifier="1234567897", seq=42, **facts)


def test_reader_hears_headings_lists_and_every_word(tmp_path) -> None:
    pdf = terms_pdf(version(), INSURER)
    read = flat(text_in(pdf, tmp_path))
    assert all(words in read for words in ("Les services servent à ceci.", "un premier point", "Accepter."))
    assert digest_of(FIRST) in read.replace(" ", "")
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert [len(elements(opened, tag)) for tag in ("H1", "H2", "H3", "L", "LI")] == [1, 2, 1, 2, 4]


def test_proof_says_who_accepted_what_when_and_how_to_verify(tmp_path) -> None:
    """R-14: version, digest, time in Paris and UTC, account, capacity, row of evidence."""
    read = flat(text_in(proof_pdf(proof(), version(), INSURER, URL), tmp_path))
    for words in (
        "Le titulaire du compte 1234567897",
        "version 1",
        digest_of(FIRST),
        "1er janvier 2027 à 0 h 05",
        "2026-12-31T23:05:06.000789Z",
        "avec la capacité juridique",
        "ligne n° 42",
        "ab" * 32,
        "sha256sum conditions-generales-v1.md",
    ):
        assert words.replace(" ", "") in read.replace(" ", "").replace("\u00a0", ""), words
    assert "Représentant" not in read


def test_proof_names_the_representative(tmp_path) -> None:
    """R-15."""
    made = proof_pdf(proof(capacity="tuteur", representative_name="Jeanne Martin"), version(), INSURER, URL)
    read = flat(text_in(made, tmp_path))
    assert "Avec l’autorisation du tuteur" in read
    assert "Jeanne Martin" in read


def test_proof_carries_the_accepted_text_byte_for_byte() -> None:
    """B16: also with the line ends and spaces that nobody sees."""
    odd = FIRST.replace("\n", "\r\n") + "\t \u200b\n"
    made = proof_pdf(proof(), version(odd), INSURER, URL)
    with pikepdf.open(io.BytesIO(made)) as opened, opened.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert opened.attachments["conditions-generales-v1.md"].get_file().read_bytes() == odd.encode()


def test_same_proof_has_the_same_bytes() -> None:
    assert proof_pdf(proof(), version(), INSURER, URL) == proof_pdf(proof(), version(), INSURER, URL)


@pytest.mark.parametrize("hostile", [HOSTILE, "a" * 5000, "\u202e\u0000\uffff", "😀 العربية"])
def test_hostile_names_and_texts_print_literally(hostile, tmp_path) -> None:
    """E4: nothing of the data is Typst source."""
    made = proof_pdf(proof(capacity="tuteur", representative_name=hostile), version(), INSURER, URL)
    assert "root:x" not in text_in(made, tmp_path)
    text = "# Titre\n\n## Article\n\n" + hostile.replace("\0", "").replace("`", "")
    assert "root:x" not in text_in(terms_pdf(version(text), INSURER), tmp_path)
