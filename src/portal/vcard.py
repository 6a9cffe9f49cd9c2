"""A professional's card for an address book: vCard 4.0 (RFC 6350)."""

from portal.data.directory import Practice
from portal.directory_words import profession_label

LONGEST_LINE = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n"})


def vcard(practice: Practice) -> str:
    """The card: name, profession, address, telephone, position."""
    name, city = _text(practice.name), _text(practice.city)
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "KIND:org",
        f"FN:{name}",
        f"ROLE:{_text(profession_label(practice))}",
        f"ADR;TYPE=work:;;{_text(practice.address)};{city};;{practice.postcode};France",
        f"GEO:geo:{practice.latitude},{practice.longitude}",
        *([f"TEL;TYPE=work:{_text(practice.phone)}"] if practice.phone else []),
        "END:VCARD",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _text(value: str) -> str:
    return value.translate(_ESCAPES)


def _folded(line: str) -> str:
    """Lines of at most 75 octets, continued after a space; no character is cut in two (RFC 6350, 3.2)."""
    parts, size = [""], 0
    for sign in line:
        octets = len(sign.encode())
        if size + octets > LONGEST_LINE:
            parts.append("")
            size = 1
        parts[-1] += sign
        size += octets
    return "\r\n ".join(parts)
