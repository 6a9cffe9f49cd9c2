"""The terms of use on paper, and the proof of an acceptance: PDF/UA-1, the same bytes each time (R-14)."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from portal.data.acceptances import Proof
from portal.data.representations import Capacity
from portal.data.terms import TermsVersion
from portal.documents import breakable, typeset
from portal.formatting import NBSP, local_time
from portal.insurer import Insurer
from portal.legal_text import Block, read_text

KEPT_FILES = 8
LONGEST_RUN = 50
PROOF_TITLE = "Preuve d’acceptation des conditions générales d’utilisation"

CAPACITY_LABELS = {
    Capacity.SELF: "En son nom, avec la capacité juridique de le faire",
    Capacity.PARENT: "Avec l’autorisation du titulaire de l’autorité parentale",
    Capacity.GUARDIAN: "Avec l’autorisation du tuteur",
    Capacity.CURATOR: "Avec l’autorisation du curateur",
}

Fact = tuple[str, str, bool]


def filename_of(number: int, suffix: str) -> str:
    """The name under which a version is saved."""
    return f"conditions-generales-v{number}.{suffix}"


def terms_pdf(terms: TermsVersion, insurer: Insurer) -> bytes:
    """The PDF/UA-1 of a version, kept in memory once made. Slow the first time: off the event loop."""
    return _terms_pdf(terms.number, terms.text, terms.sha256, terms.effective_at, tuple(insurer.model_dump().items()))


def proof_pdf(proof: Proof, terms: TermsVersion, insurer: Insurer, text_url: str) -> bytes:
    """The PDF/UA-1 that proves an acceptance, with the accepted text as an attached file. `text_url`: where anyone
    reads that text. Slow: off the event loop."""
    return typeset("terms-proof.typ", _proof_data(proof, terms, insurer, text_url), proof.accepted_at)


@lru_cache(maxsize=KEPT_FILES)
def _terms_pdf(
    number: int, text: str, sha256: str, effective_at: datetime, insurer: tuple[tuple[str, str], ...]
) -> bytes:
    legal = read_text(text)
    data = {
        "title": legal.title,
        "reference": f"conditions générales, version {number}",
        "insurer": dict(insurer),
        "facts": [
            _fact("Version", str(number)),
            _fact("Entrée en vigueur", local_time(effective_at)),
            _digest_fact(sha256),
        ],
        "preamble": [_block(block) for block in legal.preamble],
        "articles": [
            {"title": article.title, "blocks": [_block(block) for block in article.blocks]}
            for article in legal.articles
        ],
    }
    return typeset("terms.typ", _breakable(data), effective_at)


def _block(block: Block) -> dict[str, Any]:
    return asdict(block)


def _breakable(value: Any) -> Any:
    """Every text of the data, allowed to end a line inside a very long word; the digest is made for its line."""
    if isinstance(value, str):
        return value if len(value) == 64 else breakable(value, LONGEST_RUN)
    if isinstance(value, dict):
        return {key: item if key == "href" else _breakable(item) for key, item in value.items()}
    return [_breakable(item) for item in value] if isinstance(value, list | tuple) else value


def _proof_data(proof: Proof, terms: TermsVersion, insurer: Insurer, text_url: str) -> dict[str, Any]:
    return {
        "title": PROOF_TITLE,
        "reference": f"preuve d’acceptation, compte {proof.identifier}, version {proof.version}",
        "insurer": insurer.model_dump(),
        "statement": (
            f"Le titulaire du compte {proof.identifier} a coché la case «{NBSP}J’accepte les présentes CGU{NBSP}» "
            f"le {local_time(proof.accepted_at)} (heure de Paris)."
        ),
        "facts": _proof_facts(proof, terms),
        "checks": _checks(proof, insurer, text_url),
        "attachment": {
            "name": filename_of(proof.version, "md"),
            "description": f"Le texte accepté, version {proof.version}",
            "bytes": list(terms.text.encode()),
        },
    }


def _proof_facts(proof: Proof, terms: TermsVersion) -> list[Fact]:
    accepted_at = proof.accepted_at.astimezone(UTC)
    facts = [
        _fact("Compte", proof.identifier),
        _fact("Texte accepté", f"{read_text(terms.text).title}, version {proof.version}"),
        _digest_fact(proof.sha256),
        _fact("Accepté le", f"{local_time(proof.accepted_at)}, heure de Paris"),
        ("Instant exact (UTC)", accepted_at.isoformat(timespec="microseconds").replace("+00:00", "Z"), True),
        _fact("Qualité", CAPACITY_LABELS[Capacity(proof.capacity)]),
    ]
    if proof.representative_name:
        facts.append(_fact("Représentant", breakable(proof.representative_name, LONGEST_RUN)))
    return [
        *facts,
        _fact("Registre des preuves", f"ligne n°{NBSP}{proof.seq}"),
        ("Empreinte de la ligne", proof.hash, True),
    ]


def _checks(proof: Proof, insurer: Insurer, text_url: str) -> list[tuple[str, str]]:
    """What to do to verify the proof: words, and what is to be typed."""
    attached = f"Le texte accepté est joint à ce fichier, à l’octet près. Il se trouve aussi à cette adresse{NBSP}:"
    digest = (
        f"Calculez son empreinte SHA-256{NBSP}: elle doit être celle du texte, indiquée plus haut. Par exemple{NBSP}:"
    )
    row = (
        f"Demandez à {insurer.name} l’extrait signé du registre des preuves pour ce compte. La ligne "
        f"n°{NBSP}{proof.seq} y porte l’acte «{NBSP}terms.accepted{NBSP}», l’empreinte du texte, et sa propre "
        f"empreinte, indiquée plus haut. Chaque ligne contient l’empreinte de la précédente{NBSP}: aucune ne peut "
        "changer sans que cela se voie."
    )
    return [
        (attached, breakable(text_url, LONGEST_RUN)),
        (digest, f"sha256sum {filename_of(proof.version, 'md')}"),
        (row, ""),
    ]


def _fact(label: str, value: str) -> Fact:
    return (label, value, False)


def _digest_fact(sha256: str) -> Fact:
    return ("Empreinte du texte (SHA-256)", sha256, True)
