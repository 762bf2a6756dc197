"""Updates of the Pong network of lecture 17, beside PyTorch: time of one update.

The network of Mnih et al. (2015) for Pong's three buttons, 1.7 million weights. An update takes 32 transitions as
bytes, as a replay memory gives them, and does double Q-learning with targets of three moves, Huber's loss and Adam:
three passes forward, one back. Ours is the update of `training.pong_dqn`, a `tf.function`. PyTorch runs its usual loop
with fused Adam, with pictures as they are stored or with channels last. Both compute in float32. The training itself
may choose bfloat16, where processors have it; so ours in bfloat16 is shown as context, and PyTorch's too.

All sides start from the same weights and see the same batches of real pictures. The old copy of the network is
another one, so that the target shows who picks an action and who values it. The losses of the first eight updates have
to agree within 0.01 % in float32, and with those in bfloat16 within 2 %, before and in every timed block; how far they
were apart stands below the table. TensorFlow adds Adam's epsilon to an uncorrected spread, PyTorch to a corrected one:
PyTorch is given the epsilon for each update that makes them one rule.
"""

import math
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Comparison, Side
from benchmarks.sharing import markdown, packed, unlike, unpacked

BATCH, BATCHES, RATE = 32, 8, 2e-4  # as in the training
EPSILON, MEMORY = 1.5e-4, 0.999  # Adam's, as in the training
COMPARED = 8  # updates whose losses are compared
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.02}


def problem():
    """Batches of transitions from eight games that are played at random for a while."""
    import numpy as np

    from training import pong_dqn, replay

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        memory = replay.Memory(Path(folder) / "moves.bin", 160, 8, pong_dqn.SIDE, pong_dqn.N_STEPS)
        play = pong_dqn.Play(memory, rng, 1)
        for _ in range(160):
            play.move(lambda stacks: 0, 1.0)
        play.env.close()
        batches = [memory.draw(rng, BATCH, pong_dqn.DISCOUNT) for _ in range(BATCHES)]
    return {"batches": [[packed(part) for part in batch] for batch in batches]}


class Training:
    """What all sides share: weights and batches, the losses, and what is reported.

    A side has ``prepare()``, ``restart()``, and ``update(batch, step)``, which returns the loss.
    """

    def __init__(self, problem, compute="float32"):
        import numpy as np

        from training.pong_dqn import first_weights

        self.compute = compute
        self.first, self.old = (first_weights(np.random.default_rng(seed)) for seed in (0, 1))
        self.batches = [tuple(map(unpacked, batch)) for batch in problem["batches"]]
        self.prepare()
        self.restart()
        start = time.perf_counter()
        float(self.update(self.batches[0], 1))
        self.start = time.perf_counter() - start

    def reset(self, seed):
        self.restart()
        self.place, self.losses = seed, []

    def run(self, steps):
        losses = [self.update(self.batches[(self.place + step) % BATCHES], step + 1) for step in range(steps)]
        self.losses = [float(loss) for loss in losses]  # waits until all is done

    def quality(self):
        return {
            "parameters": sum(part.size for part in self.first.values()),
            "examples": sum(len(batch[0]) for batch in self.batches), "losses": self.losses,
            "compared": self.losses[:COMPARED], "compute": self.compute, "start": self.start,
        }  # fmt: skip


class TensorFlow(Training):
    """The training's own update."""

    def prepare(self):
        from training.pong_dqn import Learner

        self.learner = Learner(self.first | {f"old {name}": part for name, part in self.old.items()}, BATCH)
        self.compiled = self.learner.make_update(self.compute, False)

    def restart(self):
        for name, part in self.first.items():
            self.learner.weights[name].assign(part)
            for slot in "mv":
                self.learner.adam.variables[f"{slot} {name}"].assign(0 * part)

    def update(self, batch, step):
        import numpy as np

        return self.compiled(*batch, np.float32(step), np.float32(RATE))


class Torch(Training):
    """Two `nn.Sequential`, fused `optim.Adam`, and PyTorch's usual loop."""

    def __init__(self, problem, compute="float32", channels_last=False, compiled=False):
        import torch

        self.memory = torch.channels_last if channels_last else torch.contiguous_format
        self.is_compiled = compiled
        super().__init__(problem, compute)

    def prepare(self):
        import torch
        from torch import nn

        def network():
            return nn.Sequential(
                nn.Conv2d(4, 32, 8, 4), nn.ReLU(), nn.Conv2d(32, 64, 4, 2), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU(),
                nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 3),
            ).to(memory_format=self.memory)  # fmt: skip

        self.q, self.target = network(), network()
        self.forward, self.forward_old = (torch.compile(net) if self.is_compiled else net for net in (self.q, self.target))

    def restart(self):
        import torch

        for net, arrays in ((self.q, self.first), (self.target, self.old)):
            with torch.no_grad():
                for weight, part in zip(net.parameters(), arrays.values(), strict=True):
                    part = torch.from_numpy(part)
                    if part.ndim == 4:  # (rows, columns, in, out)
                        part = part.permute(3, 2, 0, 1)
                    elif len(part) == 3136:  # its rows are pixels with 64 maps each; here a map's pixels stand together
                        part = part.reshape(7, 7, 64, 512).permute(3, 2, 0, 1).reshape(512, 3136)
                    elif part.ndim == 2:
                        part = part.T
                    weight.copy_(part)
        self.adam = torch.optim.Adam(self.q.parameters(), RATE, eps=EPSILON, fused=True)

    def values(self, net, pictures):
        import torch

        with torch.autocast("cpu", torch.bfloat16, enabled=self.compute == "bfloat16"):
            return net(pictures).float()

    def update(self, batch, step):
        import torch
        from torch.nn.functional import smooth_l1_loss

        stacks, actions, rewards, after, counts = map(torch.from_numpy, batch)
        stacks, after = (part.to(torch.float32, memory_format=self.memory) / 255 for part in (stacks, after))
        with torch.no_grad():
            best = self.values(self.forward, after).argmax(1, keepdim=True)
            y = rewards + counts * self.values(self.forward_old, after).gather(1, best)[:, 0]
        loss = smooth_l1_loss(self.values(self.forward, stacks).gather(1, actions[:, None].long())[:, 0], y)
        self.adam.zero_grad()
        loss.backward()
        self.adam.param_groups[0]["eps"] = EPSILON / math.sqrt(1 - MEMORY**step)
        self.adam.step()
        return loss.detach()


def agree(qualities, first):
    """The same network on the same data with the same losses over the first updates; they fall in the end."""
    single = {name: quality for name, quality in qualities.items() if quality["compute"] == "float32"}
    complaints = unlike(single, "compared", TOLERANCE["float32"])
    complaints += [found for found in unlike(qualities, "compared", TOLERANCE["bfloat16"]) if found not in complaints]
    for name, quality in qualities.items() if first else ():
        if not sum(quality["losses"][-BATCHES:]) < 0.95 * sum(quality["losses"][:BATCHES]):
            complaints.append(f"the loss does not fall in {name}")
    return complaints


def by_second(rows):
    """Second table: updates per second, how long the first takes, and how far the losses of the others were from ours."""
    [ours] = [row for row in rows if row.side.role == "ours"]
    lines = []
    for row in rows:
        pairs = zip(ours.quality["compared"], row.quality["compared"], strict=True)
        apart = max(abs(theirs - mine) / mine for mine, theirs in pairs)
        cells = f"{1 / row.median:.1f}", f"{row.quality['start']:.1f}", "" if row is ours else f"{apart:.1g}"
        lines.append((f"{row.side.role}: {row.side.name}", *cells))
    head = ("", "updates per second", "first update, s", f"losses of {COMPARED} updates differ from ours by at most, relative")
    return markdown(head, lines)


COMPARISON = Comparison(
    title="Updates of the Pong network against PyTorch",
    task=(
        "Network of Mnih et al. (2015), three buttons, stacks of bytes from real games; 32 transitions, double Q-learning over three "
        "moves, Huber's loss, Adam at 0.0002; float32 unless said otherwise."
    ),
    unit="ms per update",
    per_second=1000,
    goal=1.3,
    problem=problem,
    sides=(
        Side("training.pong_dqn's update", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow",)),
        Side("PyTorch", Torch, "peer", True, (1, 2), ("torch",)),
        Side("PyTorch, channels last", lambda p: Torch(p, channels_last=True), "peer", True, (1, 2), ("torch",)),
        Side("ours in bfloat16", lambda p: TensorFlow(p, "bfloat16"), "context", threads=(1, 2), versions=("tensorflow",)),
        Side(
            "PyTorch in bfloat16, channels last", lambda p: Torch(p, "bfloat16", channels_last=True), "context", True, (1, 2), ("torch",)
        ),
        Side("PyTorch, torch.compile", lambda p: Torch(p, compiled=True), "context", True, (1, 2), ("torch",)),
    ),
    check_steps=24,
    block_steps=10,
    agree=agree,
    more=by_second,
)  # fmt: skip
