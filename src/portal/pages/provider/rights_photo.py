"""A photo of the card fills the form of a check: /professionnel/droits/photo (R-42). The photo is read by a process of
its own (ADR 18) and never kept; what is read is shown in the form, and checks nothing by itself."""

from litestar import Response
from litestar.datastructures import FormMultiDict, UploadFile

from portal.attachments import NONE_CHOSEN, in_turn
from portal.card_matrix import member_number_in
from portal.data.throttling import RIGHTS_PHOTOS, allow
from portal.forms import FieldError
from portal.pages.provider.rights import CHECKS, PATH, rights_form
from portal.pages.provider.rights_forms import typed_values
from portal.routing import async_action
from portal.uploads import LARGEST_FILE, FileRefused, codes_in_photo
from portal.web import PortalRequest

FIELD = "photo"
LARGEST_FORM = LARGEST_FILE + 100_000
FOREIGN = (
    "Le code de cette photo n’est pas celui d’une de nos cartes. Photographiez notre carte, ou saisissez son numéro."
)
TOO_OFTEN = "Trop de photos en peu de temps. Attendez quelques minutes, ou saisissez le numéro de la carte."


@async_action(f"{PATH}/photo", name="provider.rights.photo", guards=CHECKS, request_max_body_size=LARGEST_FORM)
async def read_photo(request: PortalRequest) -> Response[bytes]:
    sent = await request.form()
    values = typed_values(sent)
    try:
        scanned = await _scanned(request, sent)
    except FileRefused as refused:
        return await request.database.run(rights_form, request, values, [FieldError(FIELD, str(refused))])
    return await request.database.run(rights_form, request, values | {"numero": scanned}, [], member_number_in(scanned))


async def _scanned(request: PortalRequest, sent: FormMultiDict) -> str:
    """The text of the card's code. Raises `FileRefused`."""
    files = [each for each in sent.getall(FIELD, []) if isinstance(each, UploadFile) and each.filename]
    if not files:
        raise FileRefused(NONE_CHOSEN)
    if not await request.database.run_writing(_may_read, request):
        raise FileRefused(TOO_OFTEN)
    codes = await in_turn(request, codes_in_photo, await files[0].read(LARGEST_FILE + 1))
    ours = [code for code in codes if member_number_in(code)]
    if not ours:
        raise FileRefused(FOREIGN)
    return ours[0]


def _may_read(request: PortalRequest) -> bool:
    with request.database.write() as db:
        return allow(db, [(RIGHTS_PHOTOS, str(request.viewer.account_id))], request.now)


HANDLERS = [read_photo]
