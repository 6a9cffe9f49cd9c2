"""The street addresses that a search of the directory may mean, where the insurer has an address service (R-24)."""

from portal.places.gazetteer import gazetteer
from portal.places.geocoder import Address
from portal.web import PortalRequest

PLACE = "lieu"


async def addresses_typed(request: PortalRequest) -> tuple[Address, ...]:
    """The addresses that `lieu` may mean when it names no commune, the surest first; none without an address service.

    It waits a second at most, with no connection to the database held meanwhile: await it first, then call the
    handler's own function by `database.run`.
    """
    typed = request.query_params.get(PLACE, "")
    if not request.services.geocoder.is_on or gazetteer().resolve(typed):
        return ()
    await request.database.run(request.db.close)
    return await request.services.geocoder.find(typed)
