"""The Nu HTML checker (vnu-jar from npm, on Java): many documents in one run."""

import json
import re
import shutil
import subprocess
from pathlib import Path

JAR = Path(__file__).parents[2] / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
RUN_SECONDS = 300
# htmx's own attributes are not HTML's, and the house writes them without `data-`.
HTMX_ATTRIBUTE = re.compile(r"Attribute “hx-[a-z-]+” not allowed on element “[a-z0-9]+” at this point\.")


def why_unavailable() -> str | None:
    """What is missing to run the checker, or None."""
    if shutil.which("java") is None:
        return "Java is missing (apt-get install default-jre-headless)"
    return None if JAR.is_file() else "vnu-jar is missing (npm ci)"


def html_errors(documents: dict[str, str], folder: Path) -> list[str]:
    """The checker's errors on whole documents, by their names; `folder` is an empty one for the files."""
    paths = {}
    for at, (name, text) in enumerate(documents.items()):
        path = folder / f"{at:04}.html"
        path.write_text(text, encoding="utf8")
        paths[path.name] = name
    command = ["java", "-Xss2m", "-jar", str(JAR), "--errors-only", "--format", "json", "--exit-zero-always"]
    run = subprocess.run(
        [*command, *(str(folder / name) for name in paths)], capture_output=True, check=True, timeout=RUN_SECONDS
    )
    messages = json.loads(run.stderr)["messages"]
    return [_worded(each, paths) for each in messages if not HTMX_ATTRIBUTE.fullmatch(each["message"])]


def _worded(message: dict[str, str], paths: dict[str, str]) -> str:
    name = paths.get(message.get("url", "").rpartition("/")[2], "?")
    extract = " ".join(message.get("extract", "").split())
    return f"{name}, line {message.get('lastLine', '?')}: {message['message']} [{extract[:120]}]"
