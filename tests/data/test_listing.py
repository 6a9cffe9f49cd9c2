"""The list of benefit lines: order, paging by key, filters, totals, shares, exports (R-21, R-72), on both databases."""

import resource
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations, cycle
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from portal.data import listing
from portal.data.benefits import BenefitLine, Family, Status
from portal.data.listing import PAGE_SIZE, export_lines, line_page, payment_shares, private_totals, totals
from portal.data.listing_rows import Filters, Line, PersonTotals, Sort, Totals
from portal.data.visibility import visible_scope
from portal.folding import fold
from portal.spreadsheets import csv_stream
from tests.support import factories
from tests.support.evidence import viewer

TODAY = date(2026, 3, 31)
NEWEST = date(2026, 3, 20)
ADULT = date(2000, 1, 1)
LABELS = ("Consultation généraliste", "Pharmacie 65 %", "Couronne céramo-métallique", "Œil droit, verre n° 1", "a_b\\c")
MEGABYTE = 1024 * 1024


@pytest.fixture
def family(db):
    """A member, a private adult, a minor; 65 lines with many ties in every order, some of them private."""
    made = factories.household(db, children={"Paul": ADULT, "Lou": factories.MINOR_BIRTH})
    persons = cycle([made.member, made["Lou"], made.member, made["Paul"]])
    for number, who in zip(range(65), persons, strict=False):
        many_lines(db, made, who, number)
    return made


def many_lines(db, made, who, number: int) -> BenefitLine:
    posted = NEWEST - timedelta(days=number // 9)
    remaining = number % 4 * 100
    return factories.line(
        db,
        made.contract,
        who,
        label=LABELS[number % len(LABELS)],
        posted_on=posted,
        care_date=posted - timedelta(days=number % 5),
        family=list(Family)[number % 3],
        status=list(Status)[number % 4],
        spent_cents=2800 + remaining,
        remaining_cents=remaining,
    )


@pytest.fixture
def ask(db, family):
    """The listing's functions, called for the member."""
    who = viewer(person_id=family.member.id)
    scope = visible_scope(db, who, TODAY)
    return lambda function, *arguments, **named: function(db, who, scope, *arguments, **named)


def walk(ask, filters: Filters, after: int | None = None) -> Iterator[tuple[Line, ...]]:
    page = ask(line_page, filters, after)
    yield page.lines
    while page.more:
        page = ask(line_page, filters, page.lines[-1].id)
        yield page.lines


def walked(ask, filters: Filters) -> list[Line]:
    return [line for page in walk(ask, filters) for line in page]


def expected(db, family, filters: Filters) -> list[int]:
    """What a reader of the whole table finds by hand."""
    rows = [row for row in lines_but_pauls(db, family) if matches(row, filters)]
    keys = {
        Sort.RECENT: lambda row: (row.posted_on, row.id),
        Sort.CARE: lambda row: (row.care_date, row.id),
        Sort.REMAINING: lambda row: (row.remaining_cents, row.id),
    }
    return [row.id for row in sorted(rows, key=keys[filters.sort], reverse=True)]


def lines_but_pauls(db, family) -> list[BenefitLine]:
    return list(db.exec(select(BenefitLine).where(BenefitLine.person_id != family["Paul"].id)))


def lines_of_paul(db, family) -> list[BenefitLine]:
    return list(db.exec(select(BenefitLine).where(BenefitLine.person_id == family["Paul"].id)))


def matches(row: BenefitLine, filters: Filters) -> bool:
    wanted = (
        filters.person_id in {None, row.person_id},
        filters.start is None or row.posted_on >= filters.start,
        filters.end is None or row.posted_on <= filters.end,
        filters.family in {None, row.family},
        filters.status in {None, row.status},
        fold(filters.text) in row.search,
    )
    return all(wanted)


def ids(lines) -> list[int]:
    return [line.id for line in lines]


# --- order and paging ---


@pytest.mark.parametrize("sort", Sort)
def test_member_walking_all_pages_meets_each_line_once_in_order(db, family, ask, sort) -> None:
    pages = list(walk(ask, Filters(sort=sort)))
    assert [len(page) for page in pages] == [20, 20, 9]
    assert ids(line for page in pages for line in page) == expected(db, family, Filters(sort=sort))


@pytest.mark.parametrize("sort", Sort)
def test_lines_that_arrive_meanwhile_neither_repeat_nor_hide_others(db, family, ask, sort) -> None:
    before = expected(db, family, Filters(sort=sort))
    pages = walk(ask, Filters(sort=sort))
    seen = ids(next(pages))
    for number in range(3):
        newcomer = many_lines(db, family, family.member, number)
        assert newcomer.posted_on >= NEWEST
    for page in pages:
        seen += ids(page)
    assert [line_id for line_id in seen if line_id in before] == before
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(("count", "more"), [(PAGE_SIZE - 1, False), (PAGE_SIZE, False), (PAGE_SIZE + 1, True)])
def test_member_is_promised_more_only_when_more_follows(db, count, more) -> None:
    made = factories.household(db)
    for number in range(count):
        many_lines(db, made, made.member, number)
    who = viewer(person_id=made.member.id)
    page = line_page(db, who, visible_scope(db, who, TODAY), Filters())
    assert (len(page.lines), page.more) == (min(count, PAGE_SIZE), more)


def test_member_continues_from_a_line_that_the_filter_leaves_out(db, family, ask) -> None:
    """The URL of a page may be kept while the filter changes."""
    everything = walked(ask, Filters())
    place = next(at for at, line in enumerate(everything) if line.status != Status.PAID)
    rest = ids(ask(line_page, Filters(status=Status.PAID), everything[place].id).lines)
    assert rest == ids(line for line in everything[place:] if line.status == Status.PAID)[:PAGE_SIZE]


def test_member_may_not_continue_from_a_foreign_or_private_line(db, family, ask) -> None:
    stranger = factories.household(db, name="Voisin")
    foreign = many_lines(db, stranger, stranger.member, 1)
    private = lines_of_paul(db, family)[0]
    for line_id in (foreign.id, private.id, 2**31 - 1, -1):
        assert ask(line_page, Filters(), line_id) is None


def test_account_without_person_sees_no_line_and_no_total(db, family) -> None:
    nobody = viewer(person_id=None)
    scope = visible_scope(db, nobody, TODAY)
    assert line_page(db, nobody, scope, Filters()).lines == ()
    assert totals(db, nobody, scope, Filters()) == Totals(0, 0, 0, 0, 0, 0)
    assert list(export_lines(db, nobody, scope, Filters())) == []


# --- filters and totals ---


def some_filters(family) -> dict[str, object]:
    return {
        "person_id": family.member.id,
        "start": NEWEST - timedelta(days=6),
        "end": NEWEST - timedelta(days=1),
        "family": list(Family)[1],
        "status": Status.PAID,
        "text": "ceramo",
    }


def test_every_combination_of_filters_lists_and_sums_what_matches(db, family, ask) -> None:
    values = some_filters(family)
    found_something = 0
    for size in range(4):
        for names in combinations(values, size):
            filters = Filters(**{name: values[name] for name in names})
            lines = walked(ask, filters)
            assert ids(lines) == expected(db, family, filters), names
            assert ask(totals, filters) == summed(lines), names
            found_something += bool(lines)
    assert found_something > 20


def test_all_filters_together_keep_every_order(db, family, ask) -> None:
    narrow = some_filters(family) | {"family": None, "status": None, "text": ""}
    for sort in Sort:
        filters = Filters(**narrow, sort=sort)
        assert len(expected(db, family, filters)) > 10
        assert ids(walked(ask, filters)) == expected(db, family, filters)


def summed(lines) -> Totals:
    sums = (sum(getattr(line, name) for line in lines) for name in Totals._fields[1:])
    return Totals(len(lines), *sums)


def test_filter_on_a_private_relative_lists_nothing(family, ask) -> None:
    assert ask(line_page, Filters(person_id=family["Paul"].id)).lines == ()
    assert ask(totals, Filters(person_id=family["Paul"].id)).line_count == 0


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("GENERALISTE", "Consultation généraliste"),
        ("céramo-MÉTALLIQUE", "Couronne céramo-métallique"),
        ("oeil", "Œil droit, verre n° 1"),
        ("œIL", "Œil droit, verre n° 1"),
        ("%", "Pharmacie 65 %"),
        ("65 %", "Pharmacie 65 %"),
        ("_", "a_b\\c"),
        ("\\", "a_b\\c"),
        ("b\\c", "a_b\\c"),
    ],
)
def test_free_text_folds_accents_and_takes_wildcards_as_they_are(family, ask, text, finds) -> None:
    assert {line.label for line in walked(ask, Filters(text=text))} == {finds}


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%%", "__", "\\%", "a%b", "a_b_c", "généralistes"])
def test_free_text_that_stands_nowhere_finds_nothing(ask, text) -> None:
    assert walked(ask, Filters(text=text)) == []


def test_order_alone_is_no_filter() -> None:
    assert not Filters(sort=Sort.REMAINING).any_set
    assert Filters(text="x").any_set


# --- payments and relatives ---


def test_payment_share_counts_only_lines_that_the_member_reads(db, family, ask) -> None:
    paid = factories.payment(db, family.member, amount_cents=2700)
    other = factories.payment(db, family.member)
    for who in (family.member, family["Lou"], family["Paul"]):
        factories.line(db, family.contract, who, paid_by=paid)
    factories.line(db, family.contract, family["Paul"], paid_by=other)
    assert ask(payment_shares, {paid.id, other.id}) == {paid.id: 1800}
    assert ask(payment_shares, set()) == {}


def test_member_learns_totals_of_private_relatives_over_whole_years_alone(db, family, ask) -> None:
    """R-72: totals of one day would tell a single line."""
    rows = lines_of_paul(db, family)
    every = PersonTotals(family["Paul"].id, len(rows), sum(row.spent_cents for row in rows), 2800 * len(rows))
    assert ask(private_totals, Filters()) == [every]
    assert ask(private_totals, Filters(text="nulle part", status=Status.REFUSED)) == [every]
    year = [row for row in rows if row.posted_on.year == NEWEST.year]
    found = ask(private_totals, Filters(start=NEWEST, end=NEWEST))
    assert [(one.line_count, one.spent_cents) for one in found] == [(len(year), sum(row.spent_cents for row in year))]
    assert ask(private_totals, Filters(end=NEWEST.replace(year=NEWEST.year - 30))) == []


def test_relative_sees_no_totals_of_the_member(db, family) -> None:
    paul = viewer(person_id=family["Paul"].id)
    assert private_totals(db, paul, visible_scope(db, paul, TODAY), Filters()) == []


# --- exports ---


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("batch", [1, 7, 49, 2000])
def test_export_holds_the_lines_of_all_pages_in_order(ask, monkeypatch, sort, batch) -> None:
    monkeypatch.setattr(listing, "EXPORT_BATCH", batch)
    for filters in (Filters(sort=sort), Filters(text="generaliste", sort=sort), Filters(text="nulle part", sort=sort)):
        assert ids(ask(export_lines, filters)) == ids(walked(ask, filters))


def test_export_names_the_person_and_the_payment(db, family, ask) -> None:
    paid = factories.paid_line(db, family.contract, family["Lou"], label="Unique", posted_on=NEWEST)
    line = next(ask(export_lines, Filters(text="unique")))
    assert (line.reference, line.first_name, line.paid_on, line.base_rate) == (paid.reference, "Lou", NEWEST, 70)
    assert line.payment_reference.startswith("V")


@pytest.mark.engines("sqlite")
@pytest.mark.slow
def test_export_of_100_000_lines_stays_small_in_memory(db) -> None:
    made = factories.household(db)
    copy_line(db, factories.line(db, made.contract, posted_on=NEWEST), times=99_999)
    who = viewer(person_id=made.member.id)
    lines = export_lines(db, who, visible_scope(db, who, TODAY), Filters())
    before, size, peak = resident_bytes(), 0, 0
    for piece in csv_stream(lines):
        size += len(piece)
        peak = max(peak, resident_bytes())
    assert size > 10 * MEGABYTE
    assert peak - before < 16 * MEGABYTE


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def copy_line(db, line: BenefitLine, times: int) -> None:
    """Copies a row by SQL alone, under other references."""
    names = [column.name for column in BenefitLine.__table__.columns]
    columns = ", ".join(name for name in names if name not in {"id", "reference"})
    db.execute(
        text(
            "WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < :times) "
            f"INSERT INTO benefit_line (reference, {columns}) "
            f"SELECT 'copie-' || n, {columns} FROM copies, benefit_line WHERE benefit_line.id = :id"
        ),
        {"times": times, "id": line.id},
    )
