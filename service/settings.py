"""Settings: from the environment (`PINCITE_*`) or the command line's options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from index.embedder import DEFAULT_EMBEDDER
from index.storage.connections import BUSY_SECONDS
from service.answering import MIN_CONFIDENCE
from service.reader import DEFAULT_READER


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """Everything that can be configured, with its default."""

    model_config = SettingsConfigDict(env_prefix="PINCITE_", extra="forbid", frozen=True)

    data_dir: Path = Field(
        Path("pincite-data"), description="Folder of the collections, one folder each."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless you say so.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 for any free one.")
    embedder: str = Field(
        DEFAULT_EMBEDDER, description="Embedder: the installed one, a folder or a hub id."
    )
    reader: str = Field(
        DEFAULT_READER, description="Reader: the shipped one, a folder or a hub id."
    )
    threads: int = Field(
        default_factory=_cores,
        ge=1,
        description="Threads that models and vector search may use; by default all the cores.",
    )
    max_bytes: int = Field(
        50_000_000, ge=1, description="Limit of a document's and of a request body's size in bytes."
    )
    max_upload_bytes: int = Field(
        500_000_000, ge=1, description="Limit of an upload of several files in bytes."
    )
    max_upload_files: int = Field(
        1000, ge=1, description="Most files of an upload, sidecars included."
    )
    max_in_flight: int = Field(
        64, ge=1, description="Questions and searches taken at once; more get 503."
    )
    deadline_seconds: float = Field(
        60.0,
        gt=0,
        allow_inf_nan=False,
        description="Longest time for a question or search; then 504.",
    )
    wait_seconds: float = Field(
        5.0,
        ge=0,
        allow_inf_nan=False,
        description="Longest wait for the generation that a question or search asks for; then 503.",
    )
    busy_seconds: float = Field(
        BUSY_SECONDS,
        ge=0,
        allow_inf_nan=False,
        description="Longest wait for another process that writes to a collection; then 503.",
    )
    min_confidence: float = Field(
        MIN_CONFIDENCE,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Least probability of an answer; lower answers more, and more wrongly.",
    )
    calibration: Path | None = Field(
        None,
        description="Calibration that `pincite calibrate` wrote; the shipped one if not given.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        description="Host names that the server answers for, with commas between; * for any.",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins of other sites whose pages may send requests, with commas between.",
    )

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
