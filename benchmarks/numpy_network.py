"""The NumPy network of lecture 02 against PyTorch in eager mode: a small net, full batch, per epoch.

What is timed are the lecture's own `forward` and `backward`, taken out of the stored notebook. Both
sides start from the same weights, use float64, keep the loss of every epoch and do the same plain
step downhill, so their losses have to be equal.

The goal is asked against PyTorch with its optimiser, the network written as a module or as plain
tensors; the faster one counts. Without the optimiser, with one fused update of all tensors, PyTorch has
less to do in a step. Few people write that; it is shown as context, and against it the goal is not met.
"""

import importlib.util

from benchmarks.harness import ROOT, Comparison, Side, same_training

SIZES, NAMES, RATE = (2, 16, 16, 1), ("relu", "relu", "linear"), 0.3
EPOCHS = 200
LECTURE = "notebooks/02_backprop.ipynb"


def problem():
    """Two moons and starting weights."""
    import numpy as np
    from sklearn.datasets import make_moons

    x, labels = make_moons(n_samples=100, noise=0.1, random_state=0)
    rng = np.random.default_rng(0)
    weights = [(rng.normal(size=(a, b)) * np.sqrt(2 / a)).tolist() for a, b in zip(SIZES[:-1], SIZES[1:], strict=True)]
    return {"x": x.tolist(), "y": (2.0 * labels[:, None] - 1).tolist(), "weights": weights, "lecture": LECTURE}


def lecture_functions(path):
    """`forward` and `backward` as readers see them."""
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is not stored yet: `make run` makes it")
    place = ROOT / "tests" / "lectures" / "conftest.py"
    spec = importlib.util.spec_from_file_location("lectures_conftest", place)
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    lecture = conftest.LectureCode(path.stem, conftest.notebooks.read_notebook(path))
    return lecture.functions("forward", "backward")


class Trained:
    """What all sides share: the problem, the losses, what is reported."""

    def __init__(self, problem):
        self.problem = problem
        self.losses = []

    def quality(self):
        """Counts, losses and accuracy of the last run."""
        outputs, targets = self.outputs(), [y for [y] in self.problem["y"]]
        right = sum((output > 0) == (target > 0) for output, target in zip(outputs, targets, strict=True))
        return {
            "parameters": self.parameters(), "examples": len(targets),
            "losses": [float(loss) for loss in self.losses], "accuracy": right / len(targets),
        }  # fmt: skip


class NumPy(Trained):
    """The lecture's functions and a step downhill."""

    def __init__(self, problem):
        import numpy as np

        super().__init__(problem)
        self.x, self.y = np.array(problem["x"]), np.array(problem["y"])
        code = lecture_functions(ROOT / problem["lecture"])
        self.forward, self.backward = code["forward"], code["backward"]

    def reset(self, seed):
        import numpy as np

        weights = [np.array(W) for W in self.problem["weights"]]
        self.network, self.losses = [(W, np.zeros(W.shape[1])) for W in weights], []

    def run(self, steps):
        import numpy as np

        forward, backward, x, y, network = self.forward, self.backward, self.x, self.y, self.network
        for _ in range(steps):
            answers = forward(network, x, NAMES)
            error = answers[-1] - y
            self.losses.append(0.5 * np.vdot(error, error) / len(error))
            gradients = backward(network, answers, y, NAMES)
            network = [(W - RATE * dW, b - RATE * db) for (W, b), (dW, db) in zip(network, gradients, strict=True)]
        self.network = network

    def outputs(self):
        return self.forward(self.network, self.x, NAMES)[-1][:, 0].tolist()

    def parameters(self):
        return sum(W.size + b.size for W, b in self.network)


class TorchModule(Trained):
    """`nn.Sequential`, `optim.SGD`, `zero_grad`, `backward`, `step`."""

    def __init__(self, problem):
        import torch

        super().__init__(problem)
        self.x, self.y = (torch.tensor(problem[key], dtype=torch.float64) for key in ("x", "y"))

    def reset(self, seed):
        import torch
        from torch import nn

        layers = []
        for W in self.problem["weights"]:
            layer = nn.Linear(len(W), len(W[0]), dtype=torch.float64)
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(W, dtype=torch.float64).T)
                layer.bias.zero_()
            layers += [layer, nn.ReLU()]
        self.model, self.losses = nn.Sequential(*layers[:-1]), []
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=RATE)

    def run(self, steps):
        from torch.nn.functional import mse_loss

        model, optimizer, x, y = self.model, self.optimizer, self.x, self.y
        for _ in range(steps):
            loss = 0.5 * mse_loss(model(x), y)
            self.losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def outputs(self):
        return self.model(self.x)[:, 0].tolist()

    def parameters(self):
        return sum(p.numel() for p in self.model.parameters())


class TorchTensors(Trained):
    """Plain tensors in place of a module; `optim.SGD`, `zero_grad`, `backward`, `step`."""

    def __init__(self, problem):
        import torch

        super().__init__(problem)
        self.x, self.y = (torch.tensor(problem[key], dtype=torch.float64) for key in ("x", "y"))

    def reset(self, seed):
        import torch

        self.tensors, self.losses = [], []
        for W in self.problem["weights"]:
            W = torch.tensor(W, dtype=torch.float64, requires_grad=True)
            self.tensors += [W, torch.zeros(W.shape[1], dtype=torch.float64, requires_grad=True)]
        self.optimizer = torch.optim.SGD(self.tensors, lr=RATE)

    def answer(self):
        from torch import addmm

        W1, b1, W2, b2, W3, b3 = self.tensors
        return addmm(b3, addmm(b2, addmm(b1, self.x, W1).relu(), W2).relu(), W3)

    def run(self, steps):
        from torch.nn.functional import mse_loss

        for _ in range(steps):
            loss = 0.5 * mse_loss(self.answer(), self.y)
            self.losses.append(loss.item())
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def outputs(self):
        return self.answer()[:, 0].tolist()

    def parameters(self):
        return sum(tensor.numel() for tensor in self.tensors)


class TorchWithoutOptimizer(TorchTensors):
    """`torch.autograd.grad` and one fused update of all tensors, from PyTorch's private functions."""

    def run(self, steps):
        import torch
        from torch.nn.functional import mse_loss

        for _ in range(steps):
            loss = 0.5 * mse_loss(self.answer(), self.y)
            self.losses.append(loss.item())
            gradients = torch.autograd.grad(loss, self.tensors)
            with torch.no_grad():
                torch._foreach_add_(self.tensors, gradients, alpha=-RATE)


class TensorFlow(Trained):
    """`GradientTape`, as the lecture uses it, or the same step compiled to a graph."""

    def __init__(self, problem, compiled=False):
        import tensorflow as tf

        super().__init__(problem)
        self.x, self.y = (tf.constant(problem[key], tf.float64) for key in ("x", "y"))
        self.variables = []
        for W in problem["weights"]:
            self.variables += [tf.Variable(W, dtype=tf.float64), tf.Variable([0.0] * len(W[0]), dtype=tf.float64)]
        self.epoch = tf.function(self.step) if compiled else self.step

    def reset(self, seed):
        self.losses = []
        for W, bias, start in zip(self.variables[::2], self.variables[1::2], self.problem["weights"], strict=True):
            W.assign(start)
            bias.assign([0.0] * bias.shape[0])

    def answer(self):
        import tensorflow as tf

        W1, b1, W2, b2, W3, b3 = self.variables
        return tf.nn.relu(tf.nn.relu(self.x @ W1 + b1) @ W2 + b2) @ W3 + b3

    def step(self):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = 0.5 * tf.reduce_mean((self.answer() - self.y) ** 2)
        for variable, gradient in zip(self.variables, tape.gradient(loss, self.variables), strict=True):
            variable.assign_sub(RATE * gradient)
        return loss

    def run(self, steps):
        for _ in range(steps):
            self.losses.append(self.epoch().numpy())

    def outputs(self):
        return self.answer().numpy()[:, 0].tolist()

    def parameters(self):
        return sum(int(variable.shape.num_elements()) for variable in self.variables)


def agree(qualities, first):
    """The same losses in all epochs, and at the end nearly all points right."""
    return same_training(qualities, first, least_accuracy=0.97)


COMPARISON = Comparison(
    title="The NumPy network of lecture 02 against PyTorch",
    task="Two moons, 100 points, 2-16-16-1 with relu, half the mean squared error, full batch, float64.",
    unit="ms per epoch",
    per_second=1000,
    goal=5.0,
    problem=problem,
    sides=(
        Side("NumPy, the lecture's forward and backward", NumPy, "ours", threads=(1, 2), versions=("numpy",)),
        Side("PyTorch eager, module and optimiser", TorchModule, "peer", True, (1, 2), ("torch",)),
        Side("PyTorch eager, tensors and optimiser", TorchTensors, "peer", True, (1, 2), ("torch",)),
        Side("PyTorch eager, no optimiser", TorchWithoutOptimizer, "context", True, (1, 2), ("torch",)),
        Side("TensorFlow, GradientTape", TensorFlow, "context", versions=("tensorflow",)),
        Side("TensorFlow, tf.function", lambda p: TensorFlow(p, True), "context", versions=("tensorflow",)),
    ),
    check_steps=EPOCHS,
    block_steps=EPOCHS,
    agree=agree,
)  # fmt: skip
