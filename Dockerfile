# The product with everything it can use, on Debian's own Python and Chromium.
#
#   docker build -t goodname .
#   docker compose up -d            (compose.yaml shuts it in as far as Chromium's sandbox allows)
#
# /config holds goodname.toml and watchlist.toml and is only read; /data holds everything that is kept.

FROM debian:bookworm-slim AS base
ENV LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/*


FROM base AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# What seldom changes first: the packages, by name, version and hash.
COPY requirements.lock requirements-build.lock ./
RUN python3 -m venv /opt/goodname \
    && /opt/goodname/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
    && python3 -m venv /opt/builder \
    && /opt/builder/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY monitor monitor
COPY connectors connectors
RUN /opt/builder/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/goodname/bin/pip install --no-cache-dir --no-deps --no-index /wheel/*.whl \
    && /opt/goodname/bin/pip uninstall --yes --quiet setuptools pip \
    && python3 -m compileall -q /opt/goodname


FROM base
# Without the Noto fonts, pages in other scripts are pictured as empty boxes; Playwright's driver needs libatomic1;
# tini ends what Chromium leaves behind.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        chromium fonts-noto-cjk fonts-noto-color-emoji fonts-noto-core libatomic1 tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 goodname \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin goodname \
    && install -d -o 10001 -g 10001 -m 0700 /data \
    && install -d -m 0755 /config
COPY --from=build /opt/goodname /opt/goodname
# Inside a container "loopback" would be the container's own: listen on all its addresses and publish the port on the
# host's loopback only, as compose.yaml does. Chromium writes its profile below HOME, which lives in memory.
ENV PATH=/opt/goodname/bin:$PATH \
    HOME=/tmp \
    GOODNAME_DATA_DIR=/data \
    GOODNAME_WEB__BIND=0.0.0.0:8700
USER 10001:10001
WORKDIR /data
VOLUME ["/config", "/data"]
EXPOSE 8700
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8700/healthz', timeout=8)"]
ENTRYPOINT ["/usr/bin/tini", "-s", "--", "goodname", "--config", "/config/goodname.toml"]
CMD ["run"]
