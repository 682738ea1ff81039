"""The mode ledger in words: what the command line prints and `watch.ledger()` gives."""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.ledger import LayerLedger, Ledger
from tb_bnplugin.history.model import MODES, Call
from tb_bnplugin.printed import run_name


def ledger_text(ledger: Ledger) -> str:
    """The ledger of one model in plain text; layers that are alike share a block."""
    run = f"run {run_name(ledger.run)}, " if ledger.run else ""
    steps = "no record" if ledger.steps is None else f"steps {ledger.steps[0]}-{ledger.steps[1]}"
    lines = [f"{run}model {ledger.model} ({ledger.keras}, {steps})"]
    blocks: dict[tuple[str, ...], list[str]] = {}
    for layer in ledger.layers:
        blocks.setdefault(tuple(_layer_lines(layer)), []).append(layer.path)
    for block, paths in blocks.items():
        named = ", ".join(paths[:NAMED_LAYERS]) + (", ..." if len(paths) > NAMED_LAYERS else "")
        lines.append(f"  {named}" + (f"  ({len(paths)} layers)" if len(paths) > 1 else ""))
        lines += [f"    {line}" for line in block]
    if not ledger.layers:
        lines.append("  no batch normalization layer is built")
    return "\n".join(lines)


NAMED_LAYERS: Final = 3
"""Layers of a block that are named."""


def _layer_lines(layer: LayerLedger) -> list[str]:
    lines: dict[str, None] = {}
    for call in layer.calls:
        lines[_call_line(call)] = None
    counted = [
        f"{mode} {', '.join(parts)}"
        for mode in MODES
        if (
            parts := [
                f"{name.removeprefix(f'{mode}_').replace('_', ' ')} {number}"
                for name, number in layer.executions.items()
                if name.startswith(f"{mode}_")
            ]
        )
    ]
    now = {True: "trainable", False: "frozen", None: "not known"}[layer.trainable]
    asks = [] if layer.requested is None else [f"graph: asks for training={layer.requested}"]
    return [
        *(lines or {"never called": None}),
        *asks,
        f"ran: {'; '.join(counted) or 'never'}",
        f"now: {now}",
        f"statistics: {layer.statistics}" + (f" ({layer.dtype})" if layer.dtype else ""),
    ]


def _call_line(call: Call) -> str:
    where = call.context.replace("_", " ")
    traced = call.function or "eager"
    state = "trainable" if call.trainable else "frozen"
    compiled = ", XLA" if call.jit else ""
    return (
        f"{call.mode:<9}  {where:<8}  {asked_words(call)}; {state} when"
        f" {'traced in ' + traced if call.function else 'called'}{compiled}; since step"
        f" {call.first_step}"
    )


def asked_words(call: Call) -> str:
    """The mode asked for, and where it came from, of one call."""
    value = {
        "true": "training=True",
        "false": "training=False",
        "tensor": "training=a tensor",
        "none": "no training value",
    }.get(call.training_argument, call.training_argument)
    origin = {
        "explicit": "given in the call",
        "graph": "from the functional graph",
        "inherited": f"handed down by {call.source}" if call.source else "handed down",
        "default": f"though {call.source} was given one" if call.source else "nobody gave one",
        "sibling": "left behind by a layer called earlier",
    }.get(call.reason, "origin not known")
    if call.reason == "graph" and call.source:
        origin = f"from the functional graph, for {call.source}"
    return f"{value}, {origin}"
