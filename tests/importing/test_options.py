"""Imports of options: never less than the product grants, never twice on a day."""

import pytest

from tests.importing.samples import Importer, csv_text, row

OPTION, HELD = "options", "contract-options"


@pytest.fixture
def world(importer: Importer) -> Importer:
    """A product, an option, and a contract."""
    for kind in ("products", "persons", "contracts"):
        importer.one(kind)
    importer.one("products", code="RENFORT", name="Renfort")
    return importer


def grant(world: Importer, product: str, **changes: str) -> None:
    plain = {"formula": "pourcentage", "percent": "150", "amount": "", "max_acts": "", "max_amount": ""}
    world.one("guarantees", product=product, **(plain | changes))


def columns_rejected(world: Importer) -> list[str]:
    return [column for _, column, *_ in world.problems()]


@pytest.mark.parametrize(
    ("own", "product", "is_rejected"),
    [
        ({"percent": "200"}, {}, False),
        ({"percent": "150"}, {}, False),
        ({"percent": "149"}, {}, True),
        ({"max_acts": "4"}, {}, True),
        ({"max_acts": "4"}, {"max_acts": "3"}, False),
        ({}, {"max_acts": "3"}, False),
        ({"max_amount": "100,00"}, {"max_amount": "200,00"}, True),
        ({"formula": "forfait", "percent": "", "amount": "30,00"}, {}, False),
        ({"formula": "aucune", "percent": ""}, {}, True),
        ({"percent": "100", "valid_from": "2020-01-01", "valid_to": "2020-12-31"}, {}, False),
    ],
)
def test_option_that_grants_less_is_rejected(world, own, product, is_rejected) -> None:
    grant(world, "CONFORT", **product)
    grant(world, "RENFORT", **own)
    world.one(OPTION, product="RENFORT", completes="CONFORT")
    assert columns_rejected(world) == (["product"] if is_rejected else [])
    assert world.count("product_option") == (not is_rejected)


@pytest.mark.parametrize(
    ("first", "second", "is_rejected"),
    [
        (("2025-01-01", ""), ("2026-01-01", ""), True),
        (("2026-01-01", ""), ("2025-01-01", ""), True),
        (("2025-01-01", "2025-12-31"), ("2026-01-01", ""), False),
        (("2025-01-01", "2026-01-01"), ("2026-01-01", ""), True),
        (("2026-01-01", ""), ("2025-01-01", "2025-12-31"), False),
    ],
)
@pytest.mark.parametrize("apart", [True, False])
def test_contract_holds_an_option_once_on_a_day(world, first, second, is_rejected, apart) -> None:
    """In one file or in two."""
    rows = [row(HELD, product="RENFORT", starts_on=start, ends_on=end) for start, end in (first, second)]
    for batch in [[each] for each in rows] if apart else [rows]:
        world(HELD, csv_text(HELD, *batch))
    assert columns_rejected(world) == (["starts_on"] if is_rejected else [])
    assert world.count("contract_option") == (1 if is_rejected else 2)


def test_option_ended_in_the_same_file_may_begin_again(world) -> None:
    world.one(HELD, product="RENFORT", starts_on="2025-01-01", ends_on="")
    world(
        HELD,
        csv_text(
            HELD,
            row(HELD, product="RENFORT", starts_on="2025-01-01", ends_on="2025-12-31"),
            row(HELD, product="RENFORT", starts_on="2026-01-01", ends_on=""),
        ),
    )
    assert columns_rejected(world) == []
    assert len(world.query("SELECT id FROM contract_option WHERE ends_on IS NULL")) == 1
