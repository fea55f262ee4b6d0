"""Routes of questions and searches."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import FastAPI, Query, Request

from service.answering import check_question
from service.http.answer_schemas import AskResponse, ask_response
from service.http.problems import responses
from service.http.schemas import (
    AskRequest,
    SearchQuery,
    SearchRequest,
    SearchResponse,
    hit_model,
)
from service.http.state import Service, State, disconnected


def add_answer_routes(app: FastAPI) -> None:
    """Let an app answer questions and search."""

    @app.post(
        "/v1/ask",
        summary="Ask a question",
        tags=["answers"],
        responses=responses(400, 404, 422, 503, 504),
    )
    async def ask(body: AskRequest, request: Request, service: Service) -> AskResponse:
        """Quotes that answer the question, each with its place; or that there is no answer.

        Where documents differ, each side is given.
        """
        question = check_question(body.question)
        await service.wait_for(body.collection, body.min_generation, request)
        components = service.components
        answer_set = await service.executor.run(
            lambda check: components.answerer(body.collection).answer(
                question,
                top_k=body.top_k,
                max_passages=body.max_passages,
                filters=body.filters.filters(),
                as_of=body.as_of,
                min_confidence=body.min_confidence,
                explain=body.explain,
                check=check,
            ),
            partial(disconnected, request),
        )
        return ask_response(answer_set, body.collection, components.models())

    @app.get(
        "/v1/search",
        summary="Find passages",
        tags=["answers"],
        responses=responses(404, 422, 503, 504),
    )
    async def search(
        query: Annotated[SearchQuery, Query()], request: Request, service: Service
    ) -> SearchResponse:
        """The passages that match a query best."""
        return await _search(query.request(), request, service)

    @app.post(
        "/v1/search",
        summary="Find passages, with all filters",
        tags=["answers"],
        responses=responses(400, 404, 422, 503, 504),
    )
    async def search_with_filters(
        body: SearchRequest, request: Request, service: Service
    ) -> SearchResponse:
        """The passages that match a query best, of the documents that meet the filters."""
        return await _search(body, request, service)


async def _search(asked: SearchRequest, request: Request, service: State) -> SearchResponse:
    query = check_question(asked.query)
    await service.wait_for(asked.collection, asked.min_generation, request)
    found = await service.executor.run(
        lambda _: service.components.collection(asked.collection).search(
            query, asked.limit, asked.filters.filters()
        ),
        partial(disconnected, request),
    )
    return SearchResponse(
        hits=[hit_model(hit, asked.collection) for hit in found.hits], generation=found.generation
    )
