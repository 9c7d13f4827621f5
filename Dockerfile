# Guardian's image. Nothing that can build or install anything reaches the last stage.
#   docker build -t guardian-sidecar .                                wheels come from the package index
#   docker build --build-arg WHEELS=out/image/wheels ... .            wheels come from a folder of the context
# Either way every wheel must match its hash in the lock. Pin the base by digest with --build-arg BASE=NAME@sha256:...
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS builder
ARG WHEELS=""
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
# A pipe that fails must fail the build.
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The context is mounted, not copied: no layer holds sources or wheels. The venv has no pip of its own.
RUN --mount=type=bind,source=.,target=/src \
    python -m venv --without-pip /opt/guardian && \
    python -m pip --python /opt/guardian/bin/python install --require-hashes --no-deps --only-binary :all: \
      ${WHEELS:+--no-index --find-links=/src/$WHEELS} --requirement /src/requirements.lock
# The build backend is pinned too: its lines are taken from the development lock.
RUN --mount=type=bind,source=.,target=/src \
    /src/deploy/image/backend.sh /src/requirements-dev.lock > /tmp/backend.lock && \
    python -m pip install --require-hashes --no-deps --only-binary :all: \
      ${WHEELS:+--no-index --find-links=/src/$WHEELS} --requirement /tmp/backend.lock && \
    python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /tmp/wheel /src && \
    python -m pip --python /opt/guardian/bin/python install --no-deps --no-index /tmp/wheel/*.whl
# The libraries' own tests stay behind. The rest is compiled once, here: the root is read-only later, and each
# start would compile all of it again. Marked by hash, not by time, and never checked: a start asks the disk less.
RUN find /opt/guardian/lib -depth -type d \( -name tests -o -path '*/ccxt/test' \) -exec rm -rf {} + && \
    /opt/guardian/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/guardian/lib

FROM ${BASE}
# An intruder finds no installer; the base image's own is removed. Others may pass through the state folder (the
# permits in it are for bots that run as another user) but may not list it.
RUN rm -rf /usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/ensurepip /usr/local/bin/pip* && \
    groupadd --gid 65532 guardian && \
    useradd --system --uid 65532 --gid 65532 --no-create-home --home-dir /var/lib/guardian --shell /usr/sbin/nologin guardian && \
    install -d -m 0755 /etc/guardian && \
    install -d -m 0711 -o 65532 -g 65532 /var/lib/guardian
COPY --from=builder /opt/guardian /opt/guardian
# Two arenas: glibc otherwise gives each thread its own, and they only grow.
ENV PATH=/opt/guardian/bin:/usr/local/bin:/usr/bin:/bin \
    GUARDIAN_CONFIG=/etc/guardian/guardian.yaml \
    MALLOC_ARENA_MAX=2 \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /var/lib/guardian
VOLUME ["/var/lib/guardian"]
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["guardian", "healthcheck"]
ENTRYPOINT ["guardian"]
CMD ["run"]

ARG VERSION=0.0.0+local
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=""
ARG BASE
LABEL org.opencontainers.image.title="guardian" \
      org.opencontainers.image.description="An independent risk and safety sidecar for crypto trading" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${BASE}"
