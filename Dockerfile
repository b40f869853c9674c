# Two images from one file:
#   docker build --target operator -t ullage-operator .
#   docker build --target trainer  -t ullage-trainer .
# Any base of Debian's or Ubuntu's kind will do; where it has no Python 3.11 or later of its own, its distribution's is
# installed, at the same path in the stage that builds and in the image. For CUDA and NCCL, see the README: BASE,
# BUILD_BASE, REQUIREMENTS=requirements/trainer-gpu.txt and HOROVOD_GPU_OPERATIONS=NCCL.
# SSL_CERT_FILE, where the network needs a certificate bundle of its own.
ARG BASE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d
ARG BUILD_BASE=${BASE}

# ---------------------------------------------------------------- tools: what installs, and stays behind
FROM ${BUILD_BASE} AS tools
ARG SSL_CERT_FILE
RUN python3 -c 'import ensurepip, venv' 2>/dev/null || \
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3 python3-venv; } && \
    python3 -c 'import sys; sys.version_info >= (3, 11) or sys.exit(f"expected Python 3.11 or later, found {sys.version}")'
WORKDIR /src
COPY requirements/bootstrap.txt requirements/
RUN python3 -m venv /opt/tools && \
    /opt/tools/bin/python -m pip install --no-cache-dir --quiet --require-hashes -r requirements/bootstrap.txt && \
    python3 -m venv --without-pip /opt/ullage

# ---------------------------------------------------------------- runtime: Python alone, nothing that installs or builds
FROM ${BASE} AS runtime
RUN command -v python3 >/dev/null || \
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3 && \
      rm -rf /var/lib/apt/lists/* /var/cache/apt/*; } ; \
    python3 -c 'import importlib.util as find, os, shutil, sysconfig; \
specs = filter(None, map(find.find_spec, ("ensurepip", "pip", "setuptools", "wheel"))); \
gone = [sysconfig.get_path("include"), *(os.path.dirname(each.origin) for each in specs)]; \
[shutil.rmtree(path, ignore_errors=True) for path in gone]' && \
    rm -f /usr/local/bin/pip* /usr/local/bin/wheel /usr/local/bin/idle* /usr/local/bin/*-config

# ---------------------------------------------------------------- package: Ullage itself, last to change
FROM tools AS package
ARG SSL_CERT_FILE
COPY requirements/package.txt requirements/
RUN python3 -m venv --without-pip /opt/build && \
    /opt/tools/bin/uv pip install --no-cache --quiet --python /opt/build/bin/python --require-hashes -r requirements/package.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
COPY trainer trainer
RUN /opt/tools/bin/uv pip install --no-cache --quiet --python /opt/build/bin/python --no-deps --no-build-isolation \
    --compile-bytecode --target /opt/app . && \
    printf '#!/usr/bin/env python3\nfrom ullage_operator.cli import main\n\nmain()\n' >/opt/app/bin/ullage

# ---------------------------------------------------------------- the operator: no TensorFlow
FROM tools AS operator-env
ARG SSL_CERT_FILE
COPY requirements/operator.txt requirements/
RUN /opt/tools/bin/uv pip install --no-cache --quiet --python /opt/ullage/bin/python --compile-bytecode --require-hashes \
    -r requirements/operator.txt

FROM runtime AS operator
LABEL org.opencontainers.image.title="ullage-operator" \
      org.opencontainers.image.description="Watches TrainingJobs, runs their workers and keeps the books" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=operator-env /opt/ullage /opt/ullage
COPY --from=package /opt/app /opt/app
ENV PATH=/opt/ullage/bin:/opt/app/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/app HOME=/tmp USER=ullage PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# An interpreter at another path or of another version than in BUILD_BASE fails here, and not on the cluster.
RUN python -c 'import pydantic_core, ullage_operator.cli'
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "ullage_operator"]

# ---------------------------------------------------------------- the trainer: TensorFlow and Horovod, no kopf
FROM tools AS trainer-env
ARG SSL_CERT_FILE
ARG REQUIREMENTS=requirements/trainer.txt
ARG HOROVOD_GPU_OPERATIONS
RUN { command -v c++ && command -v make && \
      test -e "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h"; } >/dev/null || \
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends g++ make python3-dev; }
COPY requirements requirements
RUN python3 -m venv --without-pip /opt/build && \
    /opt/tools/bin/uv pip install --quiet --python /opt/build/bin/python --require-hashes -r ${REQUIREMENTS} && \
    /opt/tools/bin/uv pip install --quiet --python /opt/build/bin/python --require-hashes -r requirements/horovod-build.txt && \
    /opt/tools/bin/uv pip install --quiet --python /opt/ullage/bin/python --compile-bytecode --require-hashes -r ${REQUIREMENTS}
COPY scripts/build_horovod.py scripts/
RUN XDG_CACHE_HOME=/opt/cache /opt/build/bin/python scripts/build_horovod.py && \
    /opt/tools/bin/uv pip install --quiet --python /opt/ullage/bin/python --no-deps --no-index \
    /opt/cache/ullage/wheels/*/horovod-*.whl

FROM runtime AS trainer
LABEL org.opencontainers.image.title="ullage-trainer" \
      org.opencontainers.image.description="A worker of a TrainingJob: TensorFlow, Horovod and Ullage's agent" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=trainer-env /opt/ullage /opt/ullage
COPY --from=package /opt/app /opt/app
ENV PATH=/opt/ullage/bin:/opt/app/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/app HOME=/tmp USER=ullage PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 TF_CPP_MIN_LOG_LEVEL=2
RUN python -c 'import numpy, ullage_trainer.config'
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["python", "-m", "ullage_trainer"]
