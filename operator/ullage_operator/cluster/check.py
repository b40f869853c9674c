"""What a job needs on a cluster and ``ullage run`` does without. Pure."""

from __future__ import annotations

from ullage_operator.api import FieldError, InvalidManifest
from ullage_operator.api.types import TrainingJob

from .names import MAX_DOCUMENT_BYTES


def check(job: TrainingJob, default_image: str | None) -> None:
    """Check a job before its first pod.

    Raises
    ------
    InvalidManifest
        With all that is missing.
    """
    errors = []
    if job.spec.storage.persistent_volume_claim is None:
        hint = "name a PersistentVolumeClaim of this namespace in spec.storage.persistentVolumeClaim.claimName"
        errors.append(FieldError("spec.storage.persistentVolumeClaim", "a claim for data and artifacts", "none", hint))
    if job.spec.image is None and default_image is None and job.status.image is None:
        errors.append(FieldError("spec.image", "an image, since the operator is set up without one", "none"))
    size = len(job.spec.model_dump_json(by_alias=True, exclude_none=True).encode())
    if size > MAX_DOCUMENT_BYTES:
        errors.append(FieldError("spec", f"at most {MAX_DOCUMENT_BYTES} bytes as JSON", f"{size} bytes"))
    if errors:
        raise InvalidManifest(f"{job.metadata.namespace}/{job.metadata.name}", errors)
