"""`make bench`: every number that the project promises, measured in one run, with what it is compared to.

`BENCH_FULL=1` adds ten million lines; `BENCH_SECONDS` sets how long each load lasts. Name parts to run only those.
"""

import sys

from benchmarks import (
    desk_clocks,
    desk_queue,
    directory,
    documents,
    employee_import,
    employees,
    employer_home,
    importing_speed,
    invoices,
    listing,
    operations,
    practice_map,
    rights,
    sizes,
)

PARTS = {
    "import": importing_speed.main,
    "listing": listing.main,
    "sizes": sizes.main,
    "documents": documents.main,
    "directory": directory.main,
    "map": practice_map.main,
    "employees": employees.main,
    "employee files": employee_import.main,
    "employer home": employer_home.main,
    "rights": rights.main,
    "invoices": invoices.main,
    "desk queue": desk_queue.main,
    "desk clocks": desk_clocks.main,
    "operations": operations.main,
}

for name in sys.argv[1:] or PARTS:
    print(f"{name}")
    PARTS[name]()
