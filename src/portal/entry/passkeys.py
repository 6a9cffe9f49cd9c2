"""WebAuthn around its library: what a browser is asked, and whether its answer is good (security: B13).

User verification is always required: a passkey is what one has, and the finger or code that opens it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.data.passkeys import NewPasskey
from portal.origins import LOOPBACK
from portal.settings import Settings

LOCAL_NAME = "localhost"
_VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Party:
    """For whom keys are made. `id` is a host name, which browsers want to be no address."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a browser says that it signed, not verified yet. `handle` is None when the device does not tell it."""

    credential_id: bytes
    challenge: bytes
    handle: bytes | None


def party_of(settings: Settings) -> Party:
    """The party of the configured origin. On this machine's own addresses it is http://localhost, whichever is used."""
    parts = urlsplit(settings.origin)
    host = parts.hostname or ""
    if host not in LOOPBACK:
        return Party(host, settings.origin)
    port = f":{parts.port}" if parts.port else ""
    return Party(LOCAL_NAME, f"{parts.scheme}://{LOCAL_NAME}{port}")


def registration_options(
    settings: Settings, challenge: bytes, handle: bytes, user_name: str, known: Iterable[bytes]
) -> str:
    """What `navigator.credentials.create` is given, as JSON; a device that holds one of the `known` keys refuses."""
    options = generate_registration_options(
        rp_id=party_of(settings).id,
        rp_name=settings.insurer_name,
        user_id=handle,
        user_name=user_name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=_descriptors(known),
    )
    return options_to_json(options)


def assertion_options(settings: Settings, challenge: bytes, allowed: Iterable[bytes] = ()) -> str:
    """What `navigator.credentials.get` is given, as JSON; without `allowed`, the person chooses among her keys."""
    options = generate_authentication_options(
        rp_id=party_of(settings).id,
        challenge=challenge,
        allow_credentials=_descriptors(allowed) or None,
        user_verification=_VERIFIED,
    )
    return options_to_json(options)


def challenge_of_registration(answer: str) -> bytes | None:
    """The challenge that a new key answers; None when the answer is unreadable."""
    return _challenge(_or_none(parse_registration_credential_json, answer))


def read_assertion(answer: str) -> Assertion | None:
    """Which key answers which challenge; None when the answer is unreadable."""
    credential = _or_none(parse_authentication_credential_json, answer)
    challenge = _challenge(credential)
    return Assertion(credential.raw_id, challenge, credential.response.user_handle) if challenge else None


def verified_registration(settings: Settings, answer: str, challenge: bytes) -> NewPasskey | None:
    """The new key, or None when the answer is not for us, for this challenge, or the person was not verified."""
    made = _or_none(
        verify_registration_response,
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=party_of(settings).id,
        expected_origin=party_of(settings).origin,
        require_user_verification=True,
    )
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count) if made else None


def verified_use(settings: Settings, answer: str, challenge: bytes, public_key: bytes) -> int | None:
    """The device's counter, or None when the signature is not this key's, for us, and for this challenge.

    Whether the counter grew is `data.passkeys.keep_use`'s business: a copied key is not a wrong signature.
    """
    used = _or_none(
        verify_authentication_response,
        credential=answer,
        expected_challenge=challenge,
        expected_rp_id=party_of(settings).id,
        expected_origin=party_of(settings).origin,
        credential_public_key=public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    return used.new_sign_count if used else None


def _descriptors(ids: Iterable[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each) for each in ids]


def _challenge(credential: Any) -> bytes | None:
    data = _or_none(parse_client_data_json, credential.response.client_data_json) if credential else None
    return data.challenge if data else None


def _or_none(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """The function's result, or None for whatever it raises: the answer comes from outside, and the library lets
    through what its decoders raise."""
    try:
        return function(*arguments, **keywords)
    except Exception:  # noqa: BLE001  (see above)
        return None
