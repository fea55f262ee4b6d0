# docker build --tag pincite .
#
# Where packages come from is yours to say, and stays out of the image:
#   --build-arg TORCH_INDEX=URL             an index of CPU wheels, where PyPI's torch brings CUDA
#   --secret id=pip,src=pip.conf            pip's settings, for an index of your own …
#   --secret id=ca,src=ca.crt               … and its authority; pip.conf: cert = /run/secrets/ca
#   --build-context wheels=FOLDER           wheels that no index has
# Podman leaves HEALTHCHECK out unless given --format docker.

FROM python:3.11-slim-bookworm AS base

FROM scratch AS wheels


# A stage of its own: a change of pyproject.toml that leaves the dependencies alone (lint settings,
# say) gives the same file, and they aren't installed again.
FROM base AS requirements
WORKDIR /build
COPY pyproject.toml ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
    > requirements.txt


FROM base AS dependencies
ENV PIP_CONSTRAINT=/build/constraints.txt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY constraints.txt ./
COPY --from=requirements /build/requirements.txt ./
ARG TORCH_INDEX=""
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca \
    --mount=type=bind,from=wheels,target=/wheels \
    python -m venv --without-pip /app \
    && pip --python /app/bin/python install --find-links /wheels \
        ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --requirement requirements.txt


# Installed beside the dependencies, not among them: an image of changed code shares their layer.
FROM dependencies AS package
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY index index
COPY service service
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca \
    --mount=type=bind,from=wheels,target=/wheels \
    pip --python /app/bin/python install --find-links /wheels \
        --no-deps --no-warn-script-location --root /staged .


FROM base
# With a name, because torch asks for the user's; by number below, because a cluster that refuses
# root can't tell from a name.
RUN groupadd --gid 10001 pincite \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent pincite \
    && install --directory --owner pincite --group pincite /data
COPY --from=dependencies /app /app
COPY --from=package /staged/app /app
COPY seeds /seeds

# Every address: the host can't reach the container's own loopback. The Host header is still
# checked, so publish the port on the host's: --publish 127.0.0.1:8000:8000.
ENV PATH=/app/bin:$PATH \
    HF_HUB_OFFLINE=1 \
    PINCITE_DATA_DIR=/data \
    PINCITE_HOST=0.0.0.0 \
    PINCITE_PORT=8000
USER 10001:10001
VOLUME /data
EXPOSE 8000

# http.client, because urllib would go through a proxy that the engine sets for its containers.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['PINCITE_PORT']), timeout=4); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]

ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="Pincite" \
    org.opencontainers.image.description="Extractive question answering over your own documents: quotes, each with its exact place." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION"

ENTRYPOINT ["pincite"]
CMD ["serve"]
