"""Static files with hashed names, except those that Vite has hashed already."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

VITE_OUTPUT = "build/"


class StaticStorage(CompressedManifestStaticFilesStorage):
    """A second hash on Vite's files would load the entry module twice.

    Before anything was collected (a test, the demo: WhiteNoise serves what the
    finders find) every file keeps its plain name.
    """

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        if name.startswith(VITE_OUTPUT):
            return name
        return super().hashed_name(name, content, filename)

    def stored_name(self, name: str) -> str:
        if name.startswith(VITE_OUTPUT) or not self.hashed_files:
            return name
        return super().stored_name(name)

    def url_converter(self, name: str, hashed_files: Any, template: str | None = None) -> Any:
        if name.startswith(VITE_OUTPUT):
            return lambda matched: matched[0]
        return super().url_converter(name, hashed_files, template)
