"""What invented people photographed: a blank page, kept as their own files are."""

import hashlib
import io

import pikepdf

from portal.data.files import NewFile
from portal.storage import Storage


def blank_file(storage: Storage, code: str) -> NewFile:
    """A PDF of one empty page, in the storage, named after the slot that it fills."""
    content = _page()
    digest = hashlib.sha256(content).hexdigest()
    return NewFile(f"{code}.pdf", "application/pdf", len(content), 1, digest, storage.keep(content))


def _page() -> bytes:
    document, content = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    document.save(content)
    return content.getvalue()
