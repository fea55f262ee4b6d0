"""Model folders: where they are, what they are called, whether their weights are the right ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from index.errors import CorruptModel, ModelNotFound, UnusableModel

_SAVED = "Give a folder that save_pretrained() wrote, with config, fast tokenizer and weights."


def find_model(name: str) -> Path:
    """Folder of a configured model.

    Args:
        name: A local folder, or the id of a model on the Hugging Face hub (`owner/name`). The hub
            is asked only if its local cache doesn't hold the model.

    Raises:
        ModelNotFound: Neither exists.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise ModelNotFound(
            f"There is no model folder {name!r}.",
            "Give an existing folder, or a hub id of the form owner/name.",
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    except HFValidationError as error:
        raise ModelNotFound(
            f"There is no model folder {name!r}, and no hub id has such characters.",
            "Give an existing folder, or a hub id of the form owner/name.",
        ) from error
    try:
        return Path(snapshot_download(name))
    except OSError as error:
        raise ModelNotFound(
            f"The hub model {name!r} is not in the local cache and can't be downloaded: "
            f"{_reason(error)}.",
            "Check its name and the network, or give the path of a local folder.",
        ) from error


def _reason(error: OSError) -> str:
    """Why the hub gave nothing: what the innermost error says first, without the hub's advice."""
    from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError

    if isinstance(error, RepositoryNotFoundError):
        return "the hub has no such model, or doesn't show it to you"
    cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else None
    told = str(cause or error).strip().partition("\n")[0].partition(". ")[0].rstrip(". ")
    return told or type(cause or error).__name__


def weights_file(folder: Path) -> Path:
    """The file that holds a model's weights.

    Raises:
        ModelNotFound: The folder holds none.
    """
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (folder / name).is_file():
            return folder / name
    raise ModelNotFound(
        f"{folder} holds no model.safetensors.",
        "Give the folder that save_pretrained() wrote, with config, tokenizer and weights.",
    )


def weights_digest(folder: Path, expected: str | None = None) -> str:
    """SHA-256 of a model's weights, in hexadecimal.

    Args:
        folder: The model's folder.
        expected: The only digest to accept; None for any.

    Raises:
        CorruptModel: It is another than the expected one.
        ModelNotFound: The folder holds no weights.
    """
    path = weights_file(folder)
    digest = sha256_of(path)
    if expected is not None and digest != expected:
        raise CorruptModel(
            f"{path} has SHA-256 {digest}, not the expected {expected}.",
            "Install the package again; don't use these weights.",
        )
    return digest


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def loading(folder: Path, remedy: str = _SAVED) -> Iterator[None]:
    """Turn what a library makes of a folder's faults into one clear error.

    Args:
        folder: What is loaded.
        remedy: What to do if that fails.

    Raises:
        UnusableModel: Whatever the library raised.
    """
    try:
        yield
    except Exception as error:
        raise UnusableModel(
            f"{folder} can't be loaded: {type(error).__name__}: {error}.", remedy
        ) from error


def check_usable(folder: Path, conditions: Mapping[str, bool]) -> None:
    """See that a loaded model has what is needed.

    Args:
        folder: Where it was loaded from.
        conditions: What is needed, and whether it is there.

    Raises:
        UnusableModel: Something isn't.
    """
    missing = [name for name, there in conditions.items() if not there]
    if missing:
        raise UnusableModel(
            f"The model in {folder} lacks {', '.join(missing)}.", "Choose another model."
        )


def model_id(name: str, digest: str) -> str:
    """Name of a model that changes with its weights: `name@` and 12 digits of their SHA-256."""
    return f"{name.rstrip(os.sep).rsplit(os.sep, 1)[-1]}@{digest[:12]}"
