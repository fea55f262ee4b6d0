"""Routes that read collections and documents."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query

from index.catalog import Catalog
from service.http.document_schemas import (
    CollectionList,
    CollectionModel,
    DocumentList,
    DocumentModel,
    DocumentText,
    document_model,
    document_text,
)
from service.http.problems import responses
from service.http.state import Service

DOCUMENTS = "/v1/collections/{collection}/documents"
DOCUMENT = DOCUMENTS + "/{document_id:path}"

_READING = responses(404, 422, 503)


def add_document_routes(app: FastAPI) -> None:
    """Let an app show its documents."""

    @app.get("/v1/collections", summary="List collections", tags=["documents"])
    def list_collections(service: Service) -> CollectionList:
        """All collections that can be read, with the number of documents in each."""

        def counted(name: str, catalog: Catalog) -> CollectionModel:
            with catalog.snapshot() as snapshot:
                return CollectionModel(name=name, documents=snapshot.count_documents())

        models, _ = service.components.collections.read_each(counted)
        return CollectionList(collections=list(models.values()))

    @app.get(DOCUMENTS, summary="List documents", tags=["documents"], responses=_READING)
    def list_documents(
        service: Service,
        collection: str,
        after: Annotated[str, Query(description="`next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000, description="Most documents.")] = 100,
    ) -> DocumentList:
        """A page of a collection's documents, in order of id."""
        with service.components.collections.catalog(collection).snapshot() as snapshot:
            summaries = snapshot.summaries(after=after, limit=limit + 1)
            total = snapshot.count_documents()
        page = summaries[:limit]
        return DocumentList(
            documents=[document_model(summary) for summary in page],
            total=total,
            next=page[-1].document_id if len(summaries) > limit else None,
        )

    @app.get(DOCUMENT + "/text", summary="Read a document", tags=["documents"], responses=_READING)
    def get_text(
        service: Service,
        collection: str,
        document_id: str,
        revision: Annotated[
            str | None, Query(description="Which revision; the current one if left out.")
        ] = None,
    ) -> DocumentText:
        """The text of a document, in which the offsets of citations count."""
        with service.components.collections.catalog(collection).snapshot() as snapshot:
            return document_text(snapshot.stored_document(document_id, revision))

    @app.get(DOCUMENT, summary="Describe a document", tags=["documents"], responses=_READING)
    def get_document(service: Service, collection: str, document_id: str) -> DocumentModel:
        """A document's metadata."""
        with service.components.collections.catalog(collection).snapshot() as snapshot:
            return document_model(snapshot.summary(document_id))
