"""BERT as an ONNX graph, for a reader or an embedder, with its weights in one of three forms.

The graph is written out by hand, not traced, so that it holds onnxruntime's fused operators and
nothing else. It has no attention mask: what is run together has to be of one length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from index.errors import UnusableModel

try:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
except ModuleNotFoundError as error:
    if error.name != "onnx":
        raise
    # Serving runs on onnxruntime; only making a graph takes this package.
    raise SystemExit(
        "Exporting takes the package onnx, which isn't installed. Install it: "
        "pip install 'onnx>=1.20'"
    ) from error

Arrays = Mapping[str, npt.NDArray[np.float32]]

BLOCK = 128
"""Input weights of an output that share a scale; all of them if that doesn't divide their number.

One scale for each output changes scores by 0.060 on average, blocks by 0.037; `scripts/README.md`.
"""

_FUSED = {"Attention", "BiasGelu", "SkipLayerNormalization"}
_MICROSOFT = "com.microsoft"
_OPSET = 18
_IR_VERSION = 9


@dataclass
class Graph:
    """A graph in the making; tensors are known by their names."""

    nodes: list[NodeProto] = field(default_factory=list)
    tensors: dict[str, TensorProto] = field(default_factory=dict)

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add an operator of one output; return the output's name."""
        output = output or f"{operator}_{len(self.nodes)}"
        domain = _MICROSOFT if operator in _FUSED else ""
        self.nodes.append(
            helper.make_node(operator, inputs, [output], domain=domain, name=output, **attributes)
        )
        return output

    def hold(self, name: str, value: npt.NDArray[Any]) -> str:
        """Add a tensor with its value; return its name."""
        self.tensors[name] = numpy_helper.from_array(value, name)
        return name

    def expect(self, name: str, shape: tuple[int, ...]) -> str:
        """Add a tensor whose value comes when the model is loaded; return its name."""
        tensor = TensorProto(
            name=name, data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=shape
        )
        tensor.external_data.add(key="location", value="given-when-loaded")
        self.tensors[name] = tensor
        return name

    def model(self, outputs: Mapping[str, tuple[str | int, ...]]) -> ModelProto:
        """The whole: token ids and types in, the named outputs with their shapes out."""
        sequence: tuple[str | int, ...] = ("batch", "tokens")

        def declare(name: str, kind: int, shape: tuple[str | int, ...]) -> ValueInfoProto:
            return helper.make_tensor_value_info(name, kind, shape)

        return helper.make_model(
            helper.make_graph(
                self.nodes,
                "bert",
                [declare(n, TensorProto.INT64, sequence) for n in ("input_ids", "token_type_ids")],
                [declare(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
                list(self.tensors.values()),
            ),
            opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)],
            ir_version=_IR_VERSION,
            producer_name="pincite",
        )


class Weights(Protocol):
    """Puts weights into a graph; each method returns the name of the tensor they make."""

    def vector(self, graph: Graph, *names: str) -> str:
        """Vectors end to end."""

    def matrix(self, graph: Graph, *names: str) -> str:
        """Matrices of linear layers side by side, shape (inputs, outputs)."""

    def rows(self, graph: Graph, name: str, operator: str, *places: str) -> str:
        """Rows of a table: `Gather` by their numbers, or `Slice` from a first to a last."""


@dataclass(frozen=True)
class FloatWeights:
    """Weights as they are, in single precision."""

    arrays: Arrays

    def vector(self, graph: Graph, *names: str) -> str:
        """Vectors end to end."""
        return graph.hold("+".join(names), np.concatenate([self.arrays[n] for n in names]))

    def matrix(self, graph: Graph, *names: str) -> str:
        """Matrices of linear layers side by side."""
        return graph.hold("+".join(names), np.concatenate([self.arrays[n] for n in names]).T)

    def rows(self, graph: Graph, name: str, operator: str, *places: str) -> str:
        """Rows of a table."""
        return graph.add(operator, graph.hold(name, self.arrays[name]), *places)


@dataclass(frozen=True)
class Int8Weights(FloatWeights):
    """Matrices and tables as 8-bit integers with scales, the rest in single precision.

    onnxruntime multiplies the matrices out when it loads them, so they are computed with in single
    precision: nothing saturates, and a text's result depends on no other text.
    """

    def matrix(self, graph: Graph, *names: str) -> str:
        """Matrices of linear layers side by side, shape (blocks, inputs of a block, outputs)."""
        joined = np.concatenate([self.arrays[n] for n in names]).T
        inputs, outputs = joined.shape
        block = BLOCK if inputs % BLOCK == 0 else inputs
        value, scale = quantize(joined.reshape(-1, block, outputs), axis=1)
        name = "+".join(names)
        wide = graph.add("Cast", graph.hold(name, value), to=TensorProto.FLOAT)
        scaled = graph.add("Mul", wide, graph.hold(f"{name}.scale", scale))
        shape = graph.hold(f"{name}.shape", np.array([inputs, outputs]))
        return graph.add("Reshape", scaled, shape)

    def rows(self, graph: Graph, name: str, operator: str, *places: str) -> str:
        """Rows of a table, each with a scale."""
        value, scale = quantize(self.arrays[name], axis=1)
        found = graph.add(operator, graph.hold(name, value), *places)
        scales = graph.add(operator, graph.hold(f"{name}.scale", scale), *places)
        return graph.add("Mul", graph.add("Cast", found, to=TensorProto.FLOAT), scales)


@dataclass(frozen=True)
class LaterWeights:
    """Weights that are given when the model is loaded, by their names and as they are stored."""

    shapes: Mapping[str, tuple[int, ...]]

    def _join(self, graph: Graph, names: tuple[str, ...]) -> str:
        tensors = [graph.expect(name, self.shapes[name]) for name in names]
        return graph.add("Concat", *tensors, axis=0) if len(names) > 1 else tensors[0]

    def vector(self, graph: Graph, *names: str) -> str:
        """Vectors end to end."""
        return self._join(graph, names)

    def matrix(self, graph: Graph, *names: str) -> str:
        """Matrices of linear layers side by side."""
        return graph.add("Transpose", self._join(graph, names), perm=[1, 0])

    def rows(self, graph: Graph, name: str, operator: str, *places: str) -> str:
        """Rows of a table."""
        return graph.add(operator, graph.expect(name, self.shapes[name]), *places)


def quantize(
    array: npt.NDArray[np.float32], *, axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """An array as integers from -127 to 127 and scales, whose product is nearest to it.

    Args:
        array: The numbers.
        axis: Those along it share a scale.

    Returns:
        The integers, of the array's shape, and the scales, of length 1 along the axis.
    """
    scale = np.abs(array).max(axis=axis, keepdims=True).astype(np.float32) / np.float32(127)
    scale[scale == 0] = 1
    return np.rint(array / scale).astype(np.int8), scale


def encoder(graph: Graph, weights: Weights, config: Mapping[str, Any], prefix: str = "") -> str:
    """Add a BERT encoder.

    Args:
        graph: Takes the inputs `input_ids` and `token_type_ids`, shape (batch, tokens), no padding.
        weights: By the names that transformers gives them.
        config: As transformers saves it.
        prefix: Of the weights' names.

    Returns:
        The name of the last hidden states, shape (batch, tokens, hidden).

    Raises:
        UnusableModel: It is another kind of encoder.
    """
    _check(config)
    epsilon = config["layer_norm_eps"]

    def norm(summand: str, skip: str, name: str, *bias: str) -> str:
        gain, shift = (weights.vector(graph, f"{name}.{part}") for part in ("weight", "bias"))
        return graph.add(
            "SkipLayerNormalization", summand, skip, gain, shift, *bias, epsilon=epsilon
        )

    def bias(*names: str) -> str:
        return weights.vector(graph, *(f"{name}.bias" for name in names))

    def product(state: str, name: str) -> str:
        return graph.add("MatMul", state, weights.matrix(graph, f"{name}.weight"))

    tables = f"{prefix}embeddings"
    words = weights.rows(graph, f"{tables}.word_embeddings.weight", "Gather", "input_ids")
    types = weights.rows(
        graph, f"{tables}.token_type_embeddings.weight", "Gather", "token_type_ids"
    )
    first, count = graph.hold("first", np.array([0])), graph.add("Shape", "input_ids", start=1)
    positions = weights.rows(graph, f"{tables}.position_embeddings.weight", "Slice", first, count)
    place = graph.add("Add", types, positions)
    state = norm(words, place, f"{tables}.LayerNorm")
    for number in range(config["num_hidden_layers"]):
        layer = f"{prefix}encoder.layer.{number}"
        attention = f"{layer}.attention"
        projections = [f"{attention}.self.{part}" for part in ("query", "key", "value")]
        attended = graph.add(
            "Attention",
            state,
            weights.matrix(graph, *(f"{name}.weight" for name in projections)),
            bias(*projections),
            num_heads=config["num_attention_heads"],
        )
        out = f"{attention}.output.dense"
        state = norm(product(attended, out), state, f"{attention}.output.LayerNorm", bias(out))
        wide = f"{layer}.intermediate.dense"
        active = graph.add("BiasGelu", product(state, wide), bias(wide))
        out = f"{layer}.output.dense"
        state = norm(product(active, out), state, f"{layer}.output.LayerNorm", bias(out))
    return state


def reader_model(arrays: Arrays, config: Mapping[str, Any], *, int8: bool) -> ModelProto:
    """A reader: `start_logits` and `end_logits`, shape (batch, tokens).

    Args:
        arrays: Weights of transformers' `BertForQuestionAnswering`, by name, single precision.
        config: As transformers saves it.
        int8: Store matrices and tables as 8-bit integers.

    Raises:
        UnusableModel: It is another kind of reader.
    """
    graph, exact = Graph(), FloatWeights(arrays)
    hidden = encoder(graph, Int8Weights(arrays) if int8 else exact, config, prefix="bert.")
    # The last layer decides alone and is small: it stays as it is.
    product = graph.add("MatMul", hidden, exact.matrix(graph, "qa_outputs.weight"))
    logits = graph.add("Add", product, exact.vector(graph, "qa_outputs.bias"))
    outputs = ("start_logits", "end_logits")
    for column, name in enumerate(outputs):
        graph.add("Gather", logits, graph.hold(f"{name}.column", np.array(column)), axis=-1,
                  output=name)  # fmt: skip
    return graph.model(dict.fromkeys(outputs, ("batch", "tokens")))


def embedder_model(shapes: Mapping[str, tuple[int, ...]], config: Mapping[str, Any]) -> ModelProto:
    """An embedder without its weights: `vectors`, shape (batch, hidden), of length 1.

    A vector is the mean of the last hidden states, as sentence-transformers makes it with mean
    pooling and normalisation.

    Args:
        shapes: Of the weights of transformers' `BertModel`, by name.
        config: As transformers saves it.

    Raises:
        UnusableModel: It is another kind of encoder.
    """
    graph = Graph()
    hidden = encoder(graph, LaterWeights(shapes), config)
    axis = graph.hold("tokens_axis", np.array([1]))
    mean = graph.add("ReduceMean", hidden, axis, keepdims=0)
    graph.add("LpNormalization", mean, axis=-1, p=2, output="vectors")
    return graph.model({"vectors": ("batch", config["hidden_size"])})


def _check(config: Mapping[str, Any]) -> None:
    """See that a configuration is one that the graph follows."""
    needed = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for name, value in needed.items():
        # Later versions of transformers don't write what is the only choice.
        if config.get(name, value if name != "model_type" else None) != value:
            raise UnusableModel(
                f"The model's {name} is {config.get(name)!r}; only {value!r} can be exported.",
                "Export another model, or serve this one with torch: name its folder as reader.",
            )
