"""What the mandate of a company's account says."""

import hashlib

from portal.insurer import Insurer


def mandate_text(insurer: Insurer) -> tuple[str, str]:
    """What is signed: the two paragraphs that the SEPA Core rulebook prescribes for a mandate."""
    name = insurer.name
    debits = (
        f"En signant ce mandat, vous autorisez {name} à envoyer des instructions à votre banque pour débiter votre "
        f"compte, et votre banque à débiter votre compte conformément aux instructions de {name}."
    )
    rights = (
        "Vous bénéficiez du droit d’être remboursé par votre banque selon les conditions décrites dans la convention "
        "que vous avez passée avec elle. Une demande de remboursement doit être présentée dans les 8\u00a0semaines "
        "suivant la date de débit de votre compte."
    )
    return debits, rights


def mandate_digest(insurer: Insurer) -> str:
    """SHA-256 of the text that was signed, for the evidence."""
    return hashlib.sha256("\n".join(mandate_text(insurer)).encode()).hexdigest()
