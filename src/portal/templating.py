"""The Jinja environment: autoescape, strict undefined names, French filters, compiled once."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from portal import formatting
from portal.assets import TEMPLATES, Assets
from portal.data.glossary import anchor_of
from portal.data.standing import reading_until
from portal.forms import is_calendar_day
from portal.routing import Urls
from portal.settings import Settings


def create_environment(settings: Settings, urls: Urls, assets: Assets, *, demo: bool = False) -> Environment:
    """The environment that renders every page, with the names that all templates share."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters.update(_FILTERS)
    environment.tests["calendar_day"] = is_calendar_day
    environment.globals.update(insurer=settings.insurer, url=urls, asset=assets.url, demo=demo)
    return environment


_FILTERS = {
    "money": formatting.money,
    "number": formatting.number,
    "long_date": formatting.long_date,
    "short_date": formatting.short_date,
    "month_name": formatting.month_name,
    "local_time": formatting.local_time,
    "local_day": formatting.local_day,
    "local_hour": formatting.local_hour,
    "local_period": formatting.local_period,
    "plural": formatting.plural,
    "whole": formatting.whole,
    "file_size": formatting.file_size,
    "glossary_anchor": anchor_of,
    "reading_until": reading_until,
    "combine": lambda left, right: left | right,
}
