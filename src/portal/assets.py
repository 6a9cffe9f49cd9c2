"""Templates and static files: where they are, and static files served from memory under hashed names, for a year."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

import brotli

_PACKAGE = Path(__file__).parent
# An installed wheel carries the two folders inside the package; a checkout has them at its top.
_HOME = _PACKAGE if (_PACKAGE / "templates").is_dir() else _PACKAGE.parents[1]
TEMPLATES = _HOME / "templates"
STATIC = _HOME / "static"

_HASH_LENGTH = 12
_COMPRESSIBLE = {".css", ".js", ".svg", ".txt", ".json", ".webmanifest"}
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file in memory, with its encodings made once."""

    media_type: str
    body: bytes
    brotli: bytes | None
    gzip: bytes | None

    def encoded(self, accepted: str) -> tuple[bytes, str | None]:
        """The smallest body the browser accepts, and its content encoding."""
        if self.brotli is not None and "br" in accepted:
            return self.brotli, "br"
        if self.gzip is not None and "gzip" in accepted:
            return self.gzip, "gzip"
        return self.body, None


class Assets:
    """All files under `folder`, each known by its hashed name (`css/portal.1a2b….css`)."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._hashed: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        # CSS refers to fonts and images by their plain names: the others come first, so that it gets their hashed ones.
        for path in sorted(filter(Path.is_file, folder.rglob("*")), key=lambda path: path.suffix == ".css"):
            self._add(path.relative_to(folder).as_posix(), path)

    def name(self, plain: str) -> str:
        """The hashed name of a file; raises KeyError when there is no such file."""
        return self._hashed[plain]

    def url(self, plain: str) -> str:
        """The path of a file's hashed name; raises KeyError when there is no such file."""
        return f"/static/{self._hashed[plain]}"

    def find(self, hashed: str) -> Asset | None:
        """The file behind a hashed name."""
        return self._assets.get(hashed)

    def _add(self, plain: str, path: Path) -> None:
        body = path.read_bytes()
        if path.suffix == ".css":
            body = self._with_hashed_urls(body.decode()).encode()
        digest = hashlib.sha256(body).hexdigest()[:_HASH_LENGTH]
        stem, dot, suffix = plain.rpartition(".")
        self._hashed[plain] = f"{stem}.{digest}{dot}{suffix}"
        self._assets[self._hashed[plain]] = _asset(path, body)

    def _with_hashed_urls(self, css: str) -> str:
        for plain, hashed in self._hashed.items():
            css = css.replace(f"../{plain}", f"../{hashed}")
        return css


def _asset(path: Path, body: bytes) -> Asset:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix not in _COMPRESSIBLE:
        return Asset(media_type, body, None, None)
    return Asset(media_type, body, brotli.compress(body), gzip.compress(body, mtime=0))
