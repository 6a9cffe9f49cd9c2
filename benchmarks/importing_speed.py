"""How fast benefit lines enter SQLite: 200 000 lines, in a process of their own."""

import json
import subprocess
import sys

LINES = 200_000
WANTED = 20_000


def main() -> None:
    """Prints lines per second and memory growth of the first import of the lines."""
    command = [sys.executable, "-m", "benchmarks.importing", str(LINES)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measures = [json.loads(line) for line in output.splitlines()]
    first = next(measure for measure in measures if measure["kind"] == "benefit-lines")
    print(
        f"  {LINES:,} benefit lines into SQLite: {first['rows_per_second']:,} lines/s (wanted: {WANTED:,} or more), "
        f"memory +{first['memory_growth_mb']} MB"
    )


if __name__ == "__main__":
    main()
