"""Settings: an unknown or invalid one is refused by its name, secrets never show, each one is documented."""

import re
from pathlib import Path

import pytest

from portal.origins import LOOPBACK_HOSTS
from portal.settings import PREFIX, Settings, SettingsError, load_settings

OPERATIONS = Path(__file__).parents[1] / "docs" / "operations.md"
KEY = "k" * 32
GOOD = {"SECRET_KEYS": KEY, "DATA_KEYS": KEY}


@pytest.fixture
def environment(monkeypatch):
    def set_variables(**values: str) -> None:
        for name, value in (GOOD | values).items():
            monkeypatch.setenv(PREFIX + name, value)

    return set_variables


def test_operator_sets_what_the_environment_says(environment) -> None:
    environment(
        ORIGIN="https://portail.example/", TRUSTED_PROXIES="10.0.0.0/8, 192.0.2.1", SECRET_KEYS=f"{KEY}, {KEY[::-1]}2"
    )
    settings = load_settings()
    assert settings.origin == "https://portail.example"
    assert settings.trusted_proxies == ["10.0.0.0/8", "192.0.2.1/32"]
    assert len(settings.secret_keys) == 2


@pytest.mark.parametrize(
    "network", ["192.0.2.1", "192.0.0.0/8", "0.0.0.0/0", "127.0.0.1", "::1", "198.51.100.7,192.0.2.0/30"]
)
def test_operator_lets_nobody_read_metrics_through_a_proxy_without_a_token_r60(environment, tmp_path, network) -> None:
    """The connection's address is then the proxy's own, whoever asks: /metrics would be everybody's."""
    environment(TRUSTED_PROXIES="192.0.2.1", METRICS_NETWORKS=network)
    with pytest.raises(SettingsError, match=r"^PORTAL_METRICS_NETWORKS: .*set a token file too$"):
        load_settings()
    token = tmp_path / "token"
    token.write_text("secret")
    environment(METRICS_TOKEN_FILE=str(token))
    assert load_settings().tells_metrics


@pytest.mark.parametrize(
    ("proxies", "network"), [("192.0.2.1", "198.51.100.0/24"), ("2001:db8::1", "10.0.0.0/8"), ("", "127.0.0.1")]
)
def test_operator_names_networks_that_no_proxy_stands_in_r60(environment, proxies, network) -> None:
    environment(TRUSTED_PROXIES=proxies, METRICS_NETWORKS=network)
    assert load_settings().tells_metrics


def test_operator_with_a_misspelt_variable_is_told_its_name(environment) -> None:
    environment(ORIGINE="https://portail.example", SECRET="x")
    with pytest.raises(SettingsError, match=r"PORTAL_ORIGINE, PORTAL_SECRET$"):
        load_settings()


def test_operator_without_keys_is_told_which_ones(monkeypatch) -> None:
    with pytest.raises(SettingsError, match=r"PORTAL_SECRET_KEYS.*PORTAL_DATA_KEYS"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEYS", "too-short"),
        ("SECRET_KEYS", ""),
        ("SECRET_KEYS", f"{KEY},short"),
        ("DATA_KEYS", " , "),
        ("DATABASE_URL", "mysql://somewhere"),
        ("DATABASE_URL", "postgresql://somewhere/portal"),
        ("ORIGIN", "http://portail.example"),
        ("ORIGIN", "portail.example"),
        ("ORIGIN", "ftp://portail.example"),
        ("ORIGIN", "https://"),
        ("ORIGIN", "https://portail.example/chemin"),
        ("ORIGIN", "https://portail.example?x=1"),
        ("ORIGIN", "https://portail.example#x"),
        ("ORIGIN", "https://qui:secret@portail.example"),
        ("ORIGIN", "https://portail.example:port"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("DESK_HOST", "https://gestion.example"),
        ("DESK_HOST", "gestion.example/chemin"),
        ("DESK_HOST", "gestion.example"),
        ("DESK_HOST", "127.0.0.1:9000"),
        ("DESK_HOST", "qui@gestion.example"),
        ("DESK_NETWORKS", "bureau"),
        ("DESK_NETWORKS", "10.0.0.1/8"),
        ("DESK_ENABLED", "peut-être"),
        ("METRICS_TOKEN_FILE", "/nowhere/token"),
        ("METRICS_NETWORKS", "partout"),
        ("LOG_LEVEL", "LOUD"),
        ("WORKER", "nobody"),
        ("MAIL_PORT", "0"),
        ("MAIL_SECURITY", "maybe"),
        ("MAIL_FROM", "Mutuelle <a@b.example>"),
        ("MAIL_FROM", "a@b.example\r\nBcc: c@d.example"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_CA_FILE", "/nowhere/ca.pem"),
        ("MAIL_PASSWORD", "secret@without-user"),
        ("HISTORY_MONTHS", "26"),
        ("DIRECTIONS_URL", "http://chemin.example/{latitude}/{longitude}"),
        ("DIRECTIONS_URL", "https://chemin.example/"),
        ("DIRECTIONS_URL", "https://chemin.example/{latitude}"),
        ("DIRECTIONS_URL", "https://chemin.example/{latitude}/{longitude}/{0.__class__}"),
        ("DIRECTIONS_URL", "javascript:{latitude}{longitude}"),
        ("TILES_URL", "http://tuiles.example/{z}/{x}/{y}"),
        ("TILES_URL", "ftp://tuiles.example/{z}/{x}/{y}"),
        ("TILES_URL", "https:///{z}/{x}/{y}"),
        ("TILES_URL", "https://tuiles.example/{z}/{x}"),
        ("TILES_URL", "https://tuiles.example/{z}/{x}/{y}/{y}"),
        ("TILES_URL", "https://{x}.tuiles.example/{z}/{y}"),
        ("TILES_URL", "https://qui:secret@tuiles.example/{z}/{x}/{y}"),
        ("TILES_URL", "https://tuiles.example\\@ailleurs.example/{z}/{x}/{y}"),
        ("TILES_URL", "https://tuiles.example/{z}/{x}/{y}#suite"),
        ("TILES_URL", "https://tuiles.example/{z}/{x}/{y}\nHost:x"),
        ("TILES_URL", "https://tuiles.example:port/{z}/{x}/{y}"),
        ("GEOCODER_URL", "http://adresses.example"),
        ("GEOCODER_URL", "adresses.example"),
        ("GEOCODER_URL", "https://adresses.example?cle=1"),
        ("GEOCODER_URL", "https://qui:secret@adresses.example"),
        ("TILES_DAYS", "0"),
        ("TILES_MEGABYTES", "0"),
        ("HISTORY_MONTHS", "deux ans"),
    ],
)
def test_operator_with_an_invalid_value_is_told_its_name_and_not_the_value(environment, name, value) -> None:
    environment(**{name: value})
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{PREFIX}{name}: ")
    assert "too-short" not in str(refused.value)
    assert "secret@" not in str(refused.value)


def test_operator_may_not_send_mail_in_clear_to_another_machine(environment) -> None:
    environment(MAIL_HOST="smtp.example", MAIL_SECURITY="none")
    with pytest.raises(SettingsError, match=r"^PORTAL_MAIL_SECURITY: .*loopback"):
        load_settings()
    environment(MAIL_HOST="127.0.0.1", MAIL_SECURITY="none")
    assert load_settings().mail_security == "none"


def test_map_says_whose_tiles_it_shows_and_the_key_in_their_address_stays_secret(environment) -> None:
    environment()
    assert load_settings().map_attribution == ""
    environment(TILES_URL="https://tuiles.example/{z}/{x}/{y}?cle=canari")
    settings = load_settings()
    assert settings.map_attribution == "© IGN"
    assert "canari" not in f"{settings!r} {settings}"


def test_operator_who_forgets_the_password_of_the_mail_server_is_told(environment) -> None:
    environment(MAIL_HOST="smtp.example", MAIL_USER="portail")
    with pytest.raises(SettingsError, match=r"^PORTAL_MAIL_PASSWORD: "):
        load_settings()


def test_letters_come_from_the_insurer_unless_another_sender_is_set(environment) -> None:
    environment(INSURER_EMAIL="contact@mutuelle.example")
    assert load_settings().sender_email == "contact@mutuelle.example"
    environment(MAIL_FROM="ne-pas-repondre@mutuelle.example")
    assert load_settings().sender_email == "ne-pas-repondre@mutuelle.example"


def test_secrets_do_not_show(environment) -> None:
    environment(DATABASE_URL="postgresql+psycopg://portal:motdepasse@db/portal")
    settings = load_settings()
    shown = f"{settings!r} {settings}"
    assert KEY not in shown
    assert "motdepasse" not in shown


def test_settings_cannot_change_while_the_portal_runs(environment) -> None:
    environment()
    with pytest.raises(ValueError, match="frozen"):
        load_settings().origin = "https://evil.test"


def test_every_setting_is_documented_and_nothing_else() -> None:
    documented = re.findall(r"^\| `(PORTAL_[A-Z_]+)` \|", OPERATIONS.read_text(encoding="utf8"), re.MULTILINE)
    assert sorted(documented) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("origin", "hosts"),
    [
        ("https://portail.example", {"portail.example", "portail.example:443"}),
        ("https://Portail.example:8443", {"portail.example", "portail.example:8443"}),
        ("http://127.0.0.1:8000", {f"{name}{port}" for name in LOOPBACK_HOSTS for port in ("", ":8000")}),
    ],
)
def test_hosts_are_those_of_the_origin(environment, origin, hosts) -> None:
    """A14."""
    environment(ORIGIN=origin)
    assert load_settings().hosts == hosts
