"""Run under a Python that has `torch` and `transformers`: Hugging Face's BERT with weights that we give it.

python hugging_face_bert.py given.npz answer.npz [given.npz answer.npz …]

Each `given` holds ids, segments, mask, positions, the sizes, and our weights by name; the `answer` after
it gets what `BertForPreTraining` makes of them. Nothing is downloaded: the network is drawn anew and then overwritten.
"""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from transformers import BertConfig, BertForPreTraining  # noqa: E402


def theirs(ours, config):
    """Rename our weights to Hugging Face's; its linear layers keep matrices as (out, in)."""
    found = {
        "bert.embeddings.word_embeddings.weight": ours["tokens"],
        "bert.embeddings.position_embeddings.weight": ours["positions"],
        "bert.embeddings.token_type_embeddings.weight": ours["segments"],
        "cls.predictions.bias": ours["decoder.bias"],
        "cls.predictions.decoder.bias": ours["decoder.bias"],
        "cls.predictions.decoder.weight": ours["tokens"],
    }

    def linear(name, matrix, bias):
        found[f"{name}.weight"], found[f"{name}.bias"] = matrix.T, bias

    def norm(name, our_name):
        found[f"{name}.weight"], found[f"{name}.bias"] = ours[f"{our_name}.scale"], ours[f"{our_name}.shift"]

    norm("bert.embeddings.LayerNorm", "embedding")
    for layer in range(config.num_hidden_layers):
        here, there = f"layer{layer}", f"bert.encoder.layer.{layer}"
        parts = zip(np.split(ours[f"{here}.qkv"], 3, 1), np.split(ours[f"{here}.qkv.bias"], 3), strict=True)
        for part, (matrix, bias) in zip(("query", "key", "value"), parts, strict=True):
            linear(f"{there}.attention.self.{part}", matrix, bias)
        for name, our_name in (
            ("attention.output.dense", "mixed"), ("intermediate.dense", "inner"), ("output.dense", "outer")
        ):  # fmt: skip
            linear(f"{there}.{name}", ours[f"{here}.{our_name}"], ours[f"{here}.{our_name}.bias"])
        norm(f"{there}.attention.output.LayerNorm", f"{here}.attention")
        norm(f"{there}.output.LayerNorm", f"{here}.forward")
    linear("bert.pooler.dense", ours["pooler"], ours["pooler.bias"])
    linear("cls.predictions.transform.dense", ours["masked"], ours["masked.bias"])
    norm("cls.predictions.transform.LayerNorm", "masked")
    linear("cls.seq_relationship", ours["next_sentence"], ours["next_sentence.bias"])
    return {name: torch.tensor(np.ascontiguousarray(value)) for name, value in found.items()}


def main(given, answer):
    """Compute what Hugging Face's classes make of the given weights and rows."""
    with np.load(given) as file:
        given = dict(file)
    vocabulary, length, width, layers, heads, inner, segments = given.pop("sizes").tolist()
    config = BertConfig(
        vocab_size=vocabulary, max_position_embeddings=length, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=heads, intermediate_size=inner, type_vocab_size=segments,
    )  # fmt: skip
    model = BertForPreTraining(config).eval()
    weights = theirs({name[2:]: value for name, value in given.items() if name.startswith("w ")}, config)
    missing, unknown = model.load_state_dict(weights, strict=False)
    left = [name for name in missing if not name.endswith("position_ids")]
    if left or unknown:
        raise SystemExit(f"weights that do not fit: missing {left}, unknown {unknown}")
    with torch.no_grad():
        rows = {
            "input_ids": torch.tensor(given["ids"]).long(),
            "token_type_ids": torch.tensor(given["segments"]).long(),
            "attention_mask": torch.tensor(given["mask"]).long(),
        }
        inside = model.bert(**rows)
        whole = model(**rows)
    places = torch.tensor(given["positions"]).long()[:, :, None].expand(-1, -1, vocabulary)
    np.savez(
        answer, hidden=inside.last_hidden_state.numpy(), pooled=inside.pooler_output.numpy(),
        masked=torch.gather(whole.prediction_logits, 1, places).numpy(),
        next_sentence=whole.seq_relationship_logits.numpy(),
        parameters=sum(weight.numel() for weight in model.bert.parameters()),
    )  # fmt: skip


if __name__ == "__main__":
    for pair in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        main(*pair)
