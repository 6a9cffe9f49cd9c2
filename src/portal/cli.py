"""The `portal` program: each module of `portal.commands` adds one command or group."""

import importlib
import pkgutil

import click

from portal import commands
from portal.settings import SettingsError


class PortalGroup(click.Group):
    """Loads commands only when they are asked for, and tells a wrong setting by name instead of a traceback."""

    def list_commands(self, _: click.Context) -> list[str]:
        found = (module.name for module in pkgutil.iter_modules(commands.__path__))
        return sorted(COMMAND_NAMES.get(name, name.replace("_", "-")) for name in found if name != "context")

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        module = next((key for key, value in COMMAND_NAMES.items() if value == name), name.replace("-", "_"))
        try:
            command: click.Command = importlib.import_module(f"portal.commands.{module}").command
        except (ModuleNotFoundError, AttributeError):
            return None
        return command

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None


COMMAND_NAMES = {"importing": "import"}


@click.group(cls=PortalGroup)
@click.version_option(package_name="portal")
def main() -> None:
    """The self-service portal of a health insurer."""
