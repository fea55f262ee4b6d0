"""What can go wrong below the service, as one tree.

    PinciteError                 every designed error of both packages
    ├── DocumentError            one document can't go in; the others of the run still do
    │   ├── EmptyDocument        no text in it
    │   ├── BinaryDocument       not a text, Markdown or HTML file
    │   ├── UndecodableDocument  bytes that no encoding explains
    │   ├── DocumentTooLarge     over the size limit
    │   ├── UnreadableDocument   the file can't be opened or read
    │   ├── UnsupportedDocument  a kind of file that Pincite doesn't read
    │   ├── LinkLoop             symbolic links that lead back to themselves
    │   ├── InvalidMetadata      front matter or sidecar that can't be understood
    │   └── InvalidDocumentId    an id that is no collection-relative path
    ├── NotFound                 a name that stands for nothing here
    │   ├── UnknownCollection
    │   ├── UnknownDocument
    │   └── UnknownRevision
    ├── InvalidCollectionName    a name that can't be a collection's
    ├── SyncError                a collection can't be made like a folder; nothing was changed
    │   ├── UnusableFolder       missing, no folder, or not to be looked through or watched
    │   └── EmptyFolder          no document in it: the collection would lose all of its own
    ├── CatalogError             the catalog's file
    │   ├── ForeignCatalog       a database, but not Pincite's
    │   ├── NewerCatalog         written by a newer Pincite
    │   ├── DamagedCatalog       not readable as a database, or inconsistent
    │   ├── BusyCatalog          another process writes and didn't finish in time
    │   ├── UnwritableCatalog    read-only folder, disk full
    │   └── BackupError          a backup isn't made, or not restored; nothing was changed
    │       ├── MissingBackup    no such file
    │       ├── UnusableBackup   the file is damaged, or no backup at all
    │       ├── UnfitBackupPlace taken, a folder, or in the folder of a collection
    │       └── CollectionExists restoring would replace it, and that wasn't asked for
    ├── ViewsBehind              the search doesn't show what was asked for yet
    └── ModelError               embedder or reader
        ├── ModelNotFound        no such folder, and the network is not asked
        ├── CorruptModel         weights whose SHA-256 is not the expected one
        ├── UnusableModel        files that make no model of the kind that is needed
        └── ModelMismatch        vectors of another embedder than the one configured

Every error says what happened, with the value, and what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class PinciteError(Exception):
    """Base of every designed error.

    Args:
        message: What happened, naming the value, as a sentence with its full stop.
        remedy: What to do next, as a sentence with its full stop.
    """

    code: ClassVar[str] = "error"
    """Stable machine-readable name, the last part of the HTTP problem's `type`."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.message = message
        self.remedy = remedy


class DocumentError(PinciteError):
    """One document can't go in; the others of the same run still do."""

    code = "document_error"


class EmptyDocument(DocumentError):
    """The file holds no text."""

    code = "empty_document"


class BinaryDocument(DocumentError):
    """The file holds something other than text."""

    code = "binary_document"


class UndecodableDocument(DocumentError):
    """No encoding explains the bytes."""

    code = "undecodable_document"


class DocumentTooLarge(DocumentError):
    """The file is over the size limit."""

    code = "document_too_large"


class UnreadableDocument(DocumentError):
    """The file can't be opened or read."""

    code = "unreadable_document"


class UnsupportedDocument(DocumentError):
    """A kind of file that Pincite doesn't read."""

    code = "unsupported_document"


class LinkLoop(DocumentError):
    """Symbolic links that lead back to themselves."""

    code = "link_loop"


class InvalidMetadata(DocumentError):
    """Front matter or a sidecar file that can't be understood."""

    code = "invalid_metadata"


class InvalidDocumentId(DocumentError):
    """An id that is no collection-relative path."""

    code = "invalid_document_id"


class NotFound(PinciteError):
    """A name that stands for nothing here."""

    code = "not_found"


class UnknownCollection(NotFound):
    """No collection of that name."""

    code = "unknown_collection"


class UnknownDocument(NotFound):
    """No document of that id in the collection."""

    code = "unknown_document"


class UnknownRevision(NotFound):
    """The document exists, that revision of it doesn't."""

    code = "unknown_revision"


class InvalidCollectionName(PinciteError):
    """A name that can't be a collection's."""

    code = "invalid_collection_name"


class SyncError(PinciteError):
    """A collection can't be made like a folder."""

    code = "sync_error"


class UnusableFolder(SyncError):
    """The folder is missing, is none, or can't be looked through or watched."""

    code = "unusable_folder"


class EmptyFolder(SyncError):
    """The folder holds no document, so the collection would lose all of its own."""

    code = "empty_folder"


class CatalogError(PinciteError):
    """The catalog's file can't be used."""

    code = "catalog_error"


class ForeignCatalog(CatalogError):
    """A database, but not one of Pincite's."""

    code = "foreign_catalog"


class NewerCatalog(CatalogError):
    """The catalog was written by a newer Pincite."""

    code = "newer_catalog"


class DamagedCatalog(CatalogError):
    """The catalog isn't readable as a database, or contradicts itself."""

    code = "damaged_catalog"


class BusyCatalog(CatalogError):
    """Another process is writing and didn't finish in time."""

    code = "busy_catalog"


class UnwritableCatalog(CatalogError):
    """The folder is read-only or the disk is full."""

    code = "unwritable_catalog"


class BackupError(CatalogError):
    """A backup isn't made, or not restored."""

    code = "backup_error"


class MissingBackup(BackupError):
    """There is no such backup."""

    code = "missing_backup"


class UnusableBackup(BackupError):
    """The file is damaged, or no backup at all."""

    code = "unusable_backup"


class UnfitBackupPlace(BackupError):
    """A backup can't be put there: it is taken, a folder, or in the folder of a collection."""

    code = "unfit_backup_place"


class CollectionExists(BackupError):
    """Restoring would replace a collection, and that wasn't asked for."""

    code = "collection_exists"


class ViewsBehind(PinciteError):
    """The views don't show the generation that was asked for yet."""

    code = "views_behind"


class ModelError(PinciteError):
    """An embedder or a reader can't be used."""

    code = "model_error"


class ModelNotFound(ModelError):
    """There is no such model folder, and none in the local cache."""

    code = "model_not_found"


class CorruptModel(ModelError):
    """The weights' SHA-256 is not the expected one."""

    code = "corrupt_model"


class UnusableModel(ModelError):
    """The files make no model of the kind that is needed."""

    code = "unusable_model"


class ModelMismatch(ModelError):
    """The collection's vectors come from another embedder than the configured one."""

    code = "model_mismatch"
