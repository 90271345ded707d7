"""Settings are read once, by the entry points only; everything below them is given values."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Everything an office can set, from the environment (CER_…) or the command line."""

    model_config = SettingsConfigDict(env_prefix="CER_", frozen=True)

    home: Path = Field(Path("instance"), description="Folder of database, models and caches.")
    database_url: str = Field("", description="PostgreSQL URL; empty: SQLite in the home folder.")
    encoder_dir: Path | None = Field(None, description="Folder of another MiniLM copy.")
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port of the web server.")
    threads: int = Field(8, ge=1, le=64, description="Requests answered at the same time.")
    behind_https: bool = Field(False, description="True behind a TLS proxy: cookies are Secure.")
    session_idle_minutes: int = Field(60, ge=1, description="Signed out after so long idle.")
    session_hours: int = Field(12, ge=1, description="Signed out after so long in any case.")
    lease_seconds: float = Field(30.0, gt=0, description="A silent worker loses its job then.")
    api_per_minute: int = Field(600, ge=1, description="Requests a script may make in a minute.")
    api_failures_per_minute: int = Field(30, ge=1, description="Wrong tokens from one address.")
    upload_megabytes: int = Field(64, ge=1, description="Largest upload accepted.")
    deep_minutes: int = Field(120, ge=1, description="A deep refresh that works longer is ended.")
    deep_megabytes: int = Field(6144, ge=1, description="So is one whose worker is larger.")

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'cer.sqlite3'}"

    @property
    def models_folder(self) -> Path:
        """Where model versions are kept, one folder each."""
        return self.home / "models"

    @property
    def features_folder(self) -> Path:
        """Where token states are cached; may be deleted at any time."""
        return self.home / "features"

    @property
    def encoders_folder(self) -> Path:
        """Where encoders that deep refreshes have tuned are kept, one folder each."""
        return self.home / "encoders"

    @property
    def refreshes_folder(self) -> Path:
        """Scratch of deep refreshes that are under way."""
        return self.home / "refreshes"

    @property
    def uploads_folder(self) -> Path:
        """Where uploads wait between preview and import."""
        return self.home / "uploads"

    def secret_key(self) -> str:
        """The key that signs form tokens."""
        return self._kept_secret("secret.key")

    def signing_key(self) -> str:
        """The Ed25519 key that signs audit reports: it proves that this home made one, and nothing
        against who owns the machine; the audit chain and a head noted elsewhere do that."""
        return self._kept_secret("signing.key")

    @property
    def has_signing_key(self) -> bool:
        """Whether a report was ever signed here: to check one makes no key."""
        return (self.home / "signing.key").is_file()

    def _kept_secret(self, name: str) -> str:
        """32 random bytes in hexadecimal: made once per home, readable by its owner only."""
        path = self.home / name
        self.home.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        return path.read_text().strip()
