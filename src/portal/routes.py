"""Every handler of the portal: the route table."""

from portal.pages.account import confirmation, factors, links, sign_in
from portal.pages.desk import home as desk_home
from portal.pages.employer import home as employer_home
from portal.pages.member import benefits, benefits_export, statements
from portal.pages.member import home as member_home
from portal.pages.provider import home as provider_home
from portal.pages.public import demonstration, health
from portal.pages.public import home as public_home
from portal.partials.account import sign_in as sign_in_fragments
from portal.partials.member import benefits as benefits_fragments

HANDLERS = [
    public_home.home,
    public_home.start,
    public_home.help_page,
    public_home.accessibility,
    public_home.privacy,
    public_home.terms,
    health.health,
    health.readiness,
    health.robots,
    health.static,
    sign_in.sign_in_page,
    sign_in.submit,
    sign_in.code_page,
    sign_in.submit_code,
    sign_in.leave,
    sign_in_fragments.keep,
    factors.first_page,
    confirmation.confirm_page,
    links.follow,
    member_home.home,
    benefits.benefits_page,
    benefits.benefit_page,
    benefits_export.csv_export,
    benefits_export.xlsx_export,
    benefits_fragments.results,
    benefits_fragments.more,
    benefits_fragments.explanation,
    statements.statements_page,
    statements.issue,
    statements.statement_page,
    statements.pdf_file,
    statements.csv_file,
    employer_home.home,
    provider_home.home,
    desk_home.home,
]

DEMO_HANDLERS = [demonstration.demonstration]
