"""The two practices of the pages' tests."""

from tests.pages.provider.conftest import practice

__all__ = ["practice"]
