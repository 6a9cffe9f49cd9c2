"""Signing in by passkey alone, without an identifier: /connexion/cle."""

from litestar import Response
from litestar.response import Redirect

from portal.data.passkey_challenges import Ceremony
from portal.entry.passkey_entry import passkey_question
from portal.entry.second_step import sign_in_by_passkey
from portal.forms import FieldError, single_values
from portal.pages.account.passkey_forms import LONGEST_ANSWER, json_answer, refusal_of
from portal.pages.account.sign_in import proved, sign_in_form
from portal.permissions import public
from portal.routing import action, async_action
from portal.web import PortalRequest


@action("/connexion/cle/options", name="sign-in.options", guards=[public])
def options(request: PortalRequest) -> Response[bytes]:
    return json_answer(passkey_question(request, Ceremony.SIGN_IN))


@async_action("/connexion/cle", name="sign-in.passkey", guards=[public])
async def submit(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), ("reponse", "suite"), longest=LONGEST_ANSWER)
    answer = await request.database.run_writing(sign_in_by_passkey, request, sent["reponse"])
    if answer is None:
        return sign_in_form(request, sent["suite"], errors=[FieldError("cle", refusal_of(sent["reponse"]))])
    return proved(request, answer, sent["suite"])
