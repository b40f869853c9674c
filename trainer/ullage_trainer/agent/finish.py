"""What worker 0 does once all ranks have succeeded: the model card, then the manifest that makes the output count."""

from __future__ import annotations

from pathlib import Path

from ullage_trainer.artifacts import seal
from ullage_trainer.card import SUMMARY_NAME, TrainingSummary, model_card, script_card
from ullage_trainer.channel import Result
from ullage_trainer.config import Output, Stage, StageDocument, StageUsage, Usage
from ullage_trainer.paths import resolve

CARD_NAME = "model-card.md"


def finish(document: StageDocument, digest: str, result: Result, used: Usage) -> Output:
    """Write the card and seal the attempt's folder.

    Raises
    ------
    OSError
        If storage can't be written.
    """
    root = Path(document.storage.root)
    folder = resolve(root, document.storage.output)
    if document.script is not None:
        total = [*document.used, StageUsage(stage=document.stage, usage=used)]
        (folder / CARD_NAME).write_text(script_card(document, document.script, result.metrics, total))
    elif document.stage is not Stage.PREPARE:
        source = folder if document.stage is Stage.TRAIN else resolve(root, document.trained or "")
        summary = TrainingSummary.model_validate_json((source / SUMMARY_NAME).read_bytes())
        total = [*document.used, StageUsage(stage=document.stage, usage=used)]
        (folder / CARD_NAME).write_text(model_card(document, summary, total, result.variants))
    seal(folder, document.stage, digest, result)
    return Output(path=document.storage.output, digest=digest)
