"""BERT's forward pass in plain torch: the packaged model at start-up in a second and in bfloat16 at full speed.

The library's own classes give the same vectors (a test holds them side by side) but take seconds to import and cast
every weight anew in every call. Here the weights are cast and laid out once for each precision.
Source: Devlin et al. 2019; layer names as in the model files of huggingface/transformers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

Linear = Callable[[Tensor], Tensor]


def is_bert(config: Mapping[str, Any]) -> bool:
    """Whether a model's config.json describes what is computed here, and nothing else."""
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and not config.get("auto_map")
    )


@dataclass(frozen=True, slots=True)
class _Layer:
    """One transformer layer in one precision; ``heads_in`` makes queries, keys and values at once."""

    heads_in: Linear
    heads_out: Linear
    widen: Linear
    narrow: Linear
    norm1: tuple[Tensor, Tensor]
    norm2: tuple[Tensor, Tensor]


class Bert:
    """The encoder: word pieces in, hidden states out."""

    def __init__(self, folder: Path, *, device: str) -> None:
        """Read config.json and model.safetensors. Raises KeyError where a weight is missing."""
        config = json.loads((folder / "config.json").read_text("utf-8"))
        found = load_file(folder / "model.safetensors", device=device)
        self._weights = {name.removeprefix("bert."): weight.float() for name, weight in found.items()}
        self._device = device
        self.dim = int(config["hidden_size"])
        self._heads = int(config["num_attention_heads"])
        self._eps = float(config["layer_norm_eps"])
        self._count = int(config["num_hidden_layers"])
        self._words = self._weights["embeddings.word_embeddings.weight"]
        kinds = self._weights["embeddings.token_type_embeddings.weight"]
        self._places = self._weights["embeddings.position_embeddings.weight"] + kinds[0]
        self._norm = self._norm_of("embeddings.LayerNorm", torch.float32)
        self._made: dict[torch.dtype, list[_Layer]] = {}

    @property
    def most(self) -> int:
        """How many word pieces there are places for."""
        return len(self._places)

    def __call__(self, ids: Tensor, there: Tensor | None, *, dtype: torch.dtype) -> Tensor:
        """Return hidden states, float32 of shape (texts, pieces, dim).

        ``ids`` is int64 of shape (texts, pieces); ``there`` is bool of that shape, or ``None`` where nothing is padded.
        """
        texts, pieces = ids.shape
        mask = None if there is None else there[:, None, None, :]
        state = F.embedding(ids, self._words) + self._places[:pieces]
        state = F.layer_norm(state, (self.dim,), *self._norm, self._eps).to(dtype)
        for layer in self._layers(dtype):
            split = layer.heads_in(state).view(texts, pieces, 3, self._heads, self.dim // self._heads)
            query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
            seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            seen = layer.heads_out(seen.transpose(1, 2).reshape(texts, pieces, self.dim))
            state = F.layer_norm(state + seen, (self.dim,), *layer.norm1, self._eps)
            state = F.layer_norm(state + layer.narrow(layer.widen(state)), (self.dim,), *layer.norm2, self._eps)
        return state.float()

    def _layers(self, dtype: torch.dtype) -> list[_Layer]:
        """Return the layers in this precision, laid out when first asked for."""
        if dtype not in self._made:
            self._made[dtype] = [self._layer(f"encoder.layer.{n}.", dtype) for n in range(self._count)]
        return self._made[dtype]

    def _layer(self, name: str, dtype: torch.dtype) -> _Layer:
        inner = name + "attention.self."
        return _Layer(
            heads_in=self._linear([inner + part for part in ("query", "key", "value")], dtype),
            heads_out=self._linear([name + "attention.output.dense"], dtype),
            widen=self._linear([name + "intermediate.dense"], dtype, gelu=True),
            narrow=self._linear([name + "output.dense"], dtype),
            norm1=self._norm_of(name + "attention.output.LayerNorm", dtype),
            norm2=self._norm_of(name + "output.LayerNorm", dtype),
        )

    def _norm_of(self, name: str, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        return self._weights[name + ".weight"].to(dtype), self._weights[name + ".bias"].to(dtype)

    def _linear(self, names: list[str], dtype: torch.dtype, *, gelu: bool = False) -> Linear:
        weight = torch.cat([self._weights[name + ".weight"] for name in names]).to(dtype).contiguous()
        bias = torch.cat([self._weights[name + ".bias"] for name in names]).to(dtype)
        return linear(weight, bias, gelu=gelu)


def linear(weight: Tensor, bias: Tensor, *, gelu: bool = False) -> Linear:
    """Return x -> x W' + b, with gelu after it if asked; bfloat16 on a processor is laid out for oneDNN beforehand.

    That layout is what torch's own compiler uses, but no public interface: where it is missing or fails, the public
    function does the same more slowly. The embedder compares bfloat16 with float32, which never takes this way.
    """
    if weight.dtype == torch.bfloat16 and weight.device.type == "cpu":
        try:
            packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
            after = "gelu" if gelu else "none"

            def laid_out(given: Tensor) -> Tensor:
                made: Tensor = torch.ops.mkldnn._linear_pointwise(given, packed, bias, after, [], "none")
                return made

            laid_out(torch.zeros(1, 2, weight.shape[1], dtype=weight.dtype))
            return laid_out
        except (AttributeError, RuntimeError, TypeError):
            pass
    if gelu:
        return lambda given: F.gelu(F.linear(given, weight, bias))
    return lambda given: F.linear(given, weight, bias)
