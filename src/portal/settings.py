"""Typed settings, read from the environment (`PORTAL_…`). docs/operations.md documents each one."""

import os
import re
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from schwifty import BIC, IBAN

from portal.insurer import Insurer, Mediator
from portal.origins import (
    LOOPBACK,
    LOOPBACK_HOSTS,
    checked_origin,
    checked_peers,
    checked_second_name,
    to_be_asked,
    with_port,
)

PREFIX = "PORTAL_"
_ADDRESS = re.compile(r"[!#$%&'*+/=?^`{|}~.\w-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")


class SettingsError(Exception):
    """A setting is unknown or invalid; the message names it."""


class Settings(BaseSettings):
    """Everything an operator may set. Secrets never appear in `repr`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_folder: Path = Path("var/portal")
    database_url: str = Field(default="", repr=False)
    origin: str = "http://127.0.0.1:8000"
    secret_keys: Annotated[list[SecretStr], NoDecode, Field(min_length=1)]
    data_keys: Annotated[list[SecretStr], NoDecode, Field(min_length=1)]
    checkpoint_folder: Path | None = None
    trusted_proxies: Annotated[list[str], NoDecode] = []
    desk_enabled: bool = True
    desk_host: str = ""
    desk_networks: Annotated[list[str], NoDecode] = []
    metrics_token_file: Path | None = None
    metrics_networks: Annotated[list[str], NoDecode] = []
    postgres_programs: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    insurer_name: str = "Mutuelle des Rives"
    insurer_address: str = "12 quai des Exemples, 99000 Villefictive"
    insurer_phone: str = "01 99 00 00 00"
    insurer_email: str = "contact@mutuelle-des-rives.example"
    creditor_id: Annotated[str, Field(pattern="^[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}$")] = "FR53ZZZ999999"
    transfers_iban: IBAN | None = Field(default=None, repr=False)
    transfers_bic: BIC | None = None
    network_name: str = "Kalivia"
    open_directory: bool = True
    tiles_url: str = Field(default="", repr=False)  # a source may want a key in it
    tiles_attribution: str = "© IGN"
    tiles_days: int = Field(default=30, ge=1)
    tiles_megabytes: int = Field(default=512, ge=1)
    geocoder_url: str = ""
    directions_url: str = "https://www.openstreetmap.org/directions?to={latitude},{longitude}"
    mediator_name: str = "Médiateur des mutuelles (fictif)"
    mediator_address: str = "3 rue de l’Exemple, 99000 Villefictive"
    mediator_url: str = "https://mediateur.example"
    rights_api: bool = False
    certificate_header: str = ""
    history_months: int = Field(default=27, ge=27)
    worker: Literal["embedded", "separate"] = "embedded"
    mail_from: str = ""
    mail_host: str = ""
    mail_port: int | None = Field(default=None, ge=1, le=65535)
    mail_security: Literal["starttls", "tls", "none"] = Field(default="starttls", validate_default=True)
    mail_user: str = ""
    mail_password: SecretStr | None = Field(default=None, validate_default=True)
    mail_ca_file: Path | None = None
    files_bucket: str = ""
    files_endpoint: str = ""
    files_region: str = "eu-west-3"
    files_access_key: SecretStr | None = None
    files_secret_key: SecretStr | None = Field(default=None, validate_default=True)

    @field_validator("secret_keys", "data_keys", "trusted_proxies", "desk_networks", "metrics_networks", mode="before")
    @classmethod
    def split_commas(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("secret_keys", "data_keys")
    @classmethod
    def long_enough(cls, keys: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < 32 for key in keys):
            raise ValueError("each key needs at least 32 characters")
        return keys

    @field_validator("trusted_proxies", "desk_networks", "metrics_networks")
    @classmethod
    def networks(cls, proxies: list[str]) -> list[str]:
        return [str(ip_network(proxy)) for proxy in proxies]

    @field_validator("metrics_networks")
    @classmethod
    def not_behind_a_proxy(cls, networks: list[str], info: ValidationInfo) -> list[str]:
        has_token = bool(info.data.get("metrics_token_file"))
        return networks if has_token else checked_peers(networks, info.data.get("trusted_proxies") or [])

    @field_validator("origin")
    @classmethod
    def bare_origin(cls, origin: str) -> str:
        return checked_origin(origin)

    @field_validator("desk_host")
    @classmethod
    def name_of_its_own(cls, host: str, info: ValidationInfo) -> str:
        return checked_second_name(host, info.data.get("origin", "")) if host else host

    @field_validator("mail_from")
    @classmethod
    def one_address(cls, address: str) -> str:
        if address and not _ADDRESS.fullmatch(address):
            raise ValueError("an address alone, like ne-pas-repondre@mutuelle.example")
        return address

    @field_validator("mail_security")
    @classmethod
    def private_on_networks(cls, security: str, info: ValidationInfo) -> str:
        if security == "none" and info.data.get("mail_host") not in {"", *LOOPBACK}:
            raise ValueError("unencrypted SMTP is accepted on this machine's loopback addresses only")
        return security

    @field_validator("mail_password")
    @classmethod
    def comes_with_user(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if bool(password and password.get_secret_value()) != bool(info.data.get("mail_user")):
            raise ValueError("the user and the password of the SMTP server come together")
        return password

    @field_validator("files_endpoint")
    @classmethod
    def private_storage(cls, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        if endpoint and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("https://…; plain http is accepted on this machine's loopback addresses only")
        return endpoint

    @field_validator("tiles_url")
    @classmethod
    def tile_template(cls, template: str) -> str:
        if template and any(template.count(number) != 1 for number in ("{z}", "{x}", "{y}")):
            raise ValueError("an address that holds {z}, {x} and {y}, each once")
        return to_be_asked(template)

    @field_validator("directions_url")
    @classmethod
    def directions_page(cls, url: str) -> str:
        named = "{latitude}" in url and "{longitude}" in url
        if url and not (url.startswith("https://") and named and url.count("{") == 2):
            raise ValueError("an https address with {latitude} and {longitude} in it, or nothing")
        return url

    @field_validator("certificate_header")
    @classmethod
    def header_of_a_proxy(cls, name: str, info: ValidationInfo) -> str:
        if name and not _HEADER.fullmatch(name):
            raise ValueError("the name of a header, like X-Client-Certificate-SHA256")
        if name and not info.data.get("trusted_proxies"):
            raise ValueError("only a proxy named in PORTAL_TRUSTED_PROXIES is believed: name one")
        return name.lower()

    @field_validator("geocoder_url")
    @classmethod
    def service_address(cls, address: str) -> str:
        if "?" in address:
            raise ValueError("an address to which /search/ can be added")
        return to_be_asked(address.rstrip("/"))

    @field_validator("files_secret_key")
    @classmethod
    def comes_with_bucket(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        given = [bool(info.data.get("files_bucket")), bool(info.data.get("files_access_key")), bool(secret)]
        if any(given) and not all(given):
            raise ValueError("the bucket, its access key and its secret key come together")
        return secret

    @field_validator("mail_ca_file", "metrics_token_file")
    @classmethod
    def existing_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path

    @model_validator(mode="after")
    def known_database(self) -> "Settings":
        if not self.resolved_database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("database_url starts with sqlite:/// or postgresql+psycopg://")
        return self

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'portal.sqlite3'}"

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def hosts(self) -> set[str]:
        """Host header values that are ours, in lower case, with and without port: the origin's; under plain http,
        which only loopback addresses may use, every name of this machine."""
        parts = urlsplit(self.origin.lower())
        names = {parts.netloc} if self.is_https else LOOPBACK_HOSTS
        return with_port(names, parts) - self.desk_hosts

    @property
    def desk_hosts(self) -> set[str]:
        """The same of the desk's own name; none without one."""
        parts = urlsplit(self.desk_origin)
        return with_port({parts.netloc}, parts) if self.desk_host else set()

    @property
    def desk_origin(self) -> str:
        """The origin of the desk: its own, or the one that everybody shares."""
        return f"{urlsplit(self.origin).scheme}://{self.desk_host}" if self.desk_host else self.origin

    @property
    def checkpoints(self) -> Path:
        return self.checkpoint_folder or self.data_folder / "checkpoints"

    @property
    def tells_metrics(self) -> bool:
        """Whether `/metrics` is served: to whoever holds the token, from the networks named, or both."""
        return bool(self.metrics_token_file or self.metrics_networks)

    @property
    def sender_email(self) -> str:
        return self.mail_from or self.insurer_email

    @property
    def mail_folder(self) -> Path:
        """Where letters go as files when no SMTP server is set."""
        return self.data_folder / "mail"

    @property
    def files_folder(self) -> Path:
        """Where people's files lie, sealed, when no bucket is set."""
        return self.data_folder / "files"

    @property
    def payments_folder(self) -> Path:
        """Where the bank's files of transfers are written, for an operator to send."""
        return self.data_folder / "payments"

    @property
    def tiles_folder(self) -> Path:
        """Where map tiles are kept; whatever is in it may be deleted at any time."""
        return self.data_folder / "tiles"

    @property
    def map_attribution(self) -> str:
        """What the map must say of its tiles; empty without a source of any."""
        return self.tiles_attribution if self.tiles_url else ""

    @cached_property
    def mediator(self) -> Mediator:
        return Mediator(name=self.mediator_name, address=self.mediator_address, url=self.mediator_url)

    @cached_property
    def insurer(self) -> Insurer:
        return Insurer(
            name=self.insurer_name,
            address=self.insurer_address,
            phone=self.insurer_phone,
            email=self.insurer_email,
            network=self.network_name,
        )


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment; raises `SettingsError` that names each unknown or invalid variable."""
    ours = {name for name in os.environ if name.startswith(PREFIX)}
    unknown = sorted(ours - {PREFIX + name.upper() for name in Settings.model_fields})
    if unknown:
        raise SettingsError(f"unknown setting: {', '.join(unknown)}")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("; ".join(_named(problem) for problem in error.errors())) from None


def _named(problem: Any) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else "database_url"
    return f"{PREFIX}{field.upper()}: {problem['msg']}"
