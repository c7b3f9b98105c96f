"""Lightning checkpoints on disk: written whole, flushed, verified, and read without pickle. Imports Lightning."""

import hashlib
import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import CheckpointIO

from pulse_kedro.adapters.stores.files import DamagedFile, write_file

DIGEST = hashlib.sha256().digest_size
"""Bytes before the content: its SHA-256."""


class AtomicCheckpoints(CheckpointIO):
    """One file per checkpoint that is the old one or the new one, also after a power cut.

    Lightning's own writes to another folder, moves without flushing, and swallows a refused write
    (`operations.md` 3.1).
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ANN401, ARG002  # Lightning's signature
        """Replace the file at a path, and read it back.

        Raises:
            DamagedFile: What is on disk is not what was written.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        content = buffer.getvalue()
        content = hashlib.sha256(content).digest() + content
        write_file(Path(path), lambda draft: draft.write_bytes(content))
        _verified(Path(path))

    def load_checkpoint(
        self,
        path: Any,  # noqa: ANN401  # Lightning's signature
        map_location: Any = None,  # noqa: ANN401
        weights_only: bool | None = None,  # noqa: ARG002, FBT001  # it is never anything else
    ) -> dict[str, Any]:
        """The checkpoint at a path: tensors and plain values only, whatever was asked for.

        Raises:
            DamagedFile: It is not what was written.
        """
        loaded: dict[str, Any] = torch.load(
            io.BytesIO(_verified(Path(path))), map_location=map_location or "cpu", weights_only=True
        )
        return loaded

    def remove_checkpoint(self, path: Any) -> None:  # noqa: ANN401  # Lightning's signature
        """Delete the file at a path, if there is one."""
        Path(path).unlink(missing_ok=True)


def _verified(path: Path) -> bytes:
    """Content of a file without its digest, after both were compared."""
    whole = path.read_bytes()
    expected, found = whole[:DIGEST], hashlib.sha256(whole[DIGEST:]).digest()
    if found != expected:
        raise DamagedFile(str(path), found.hex(), expected.hex())
    return whole[DIGEST:]
