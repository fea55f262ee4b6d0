"""ONNX models on the processor's cores; the only onnxruntime import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt


class OnnxModel:
    """A model that onnxruntime runs.

    Args:
        graph: The model's file.
        threads: How many threads a run may use; None: as many as there are cores.
        weights: Values of the tensors that the file leaves out, by name.

    Attributes:
        inputs: Names of what it takes.
        outputs: Names of what it gives.
    """

    def __init__(
        self,
        graph: Path,
        *,
        threads: int | None = None,
        weights: Mapping[str, npt.NDArray[np.float32]] | None = None,
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # Errors; they are raised as well.
        options.intra_op_num_threads = threads or 0
        # Threads that wait sleep, and leave the cores to others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Inputs are of any length: a plan of the memory for each length seen would only add up.
        options.enable_mem_pattern = False
        if weights:
            options.add_external_initializers(
                list(weights),
                [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()],
            )
        self._session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = frozenset(each.name for each in self._session.get_inputs())
        self.outputs = frozenset(each.name for each in self._session.get_outputs())

    def run(
        self, inputs: Mapping[str, npt.NDArray[np.int64]], *outputs: str
    ) -> list[npt.NDArray[np.float32]]:
        """The named outputs for some inputs, in the order of the names."""
        found: list[npt.NDArray[np.float32]] = self._session.run(list(outputs), dict(inputs))
        return found
