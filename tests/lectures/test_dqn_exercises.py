"""The self-checks of lecture 17: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np

from tests.exercise_answers import DiscreetHints


def stepped(Q, s, a, reward, s2, ended, rate, discount):  # another form: a mixture of old and target
    target = reward + discount * max(Q[s2]) * (not ended)
    return np.array([[(1 - rate) * v + rate * target if (i, j) == (s, a) else v for j, v in enumerate(row)]
                     for i, row in enumerate(Q)])  # fmt: skip


def in_place(Q, s, a, reward, s2, ended, rate, discount):
    Q[s, a] += rate * (reward + discount * (0 if ended else Q[s2].max()) - Q[s, a])
    return Q


def changed(target=None, share=None):
    """A step of Q-learning with another target, or another share."""
    def step(Q, s, a, reward, s2, ended, rate, discount):
        after = 0.0 if ended else discount * Q[s2].max()
        y = reward + after if target is None else target(Q, a, reward, s2, ended, discount)
        Q = Q.copy()
        Q[s, a] += (rate if share is None else share) * (y - Q[s, a])
        return Q

    return step


def row_only(Q, s, a, reward, s2, ended, rate, discount):
    new = stepped(Q, s, a, reward, s2, ended, rate, discount)
    return Q + (new - Q).sum() * (np.arange(len(Q)) == s)[:, None]


def waited(N, p):  # another form: the sum of a geometric series
    return sum(p**-k for k in range(1, N + 1))


def plain(reward, after, ended, discount):  # another form: row by row
    return np.array([r if e else r + discount * max(row) for r, row, e in zip(reward, after, ended, strict=True)])


def double(reward, own, old, ended, discount):
    return np.array([r if e else r + discount * b[list(a).index(max(a))]
                     for r, a, b, e in zip(reward, own, old, ended, strict=True)])  # fmt: skip


def ring(capacity, stored):  # another form: the newest move of each row by arithmetic
    i = np.arange(min(capacity, stored))
    return i + capacity * ((stored - 1 - i) // capacity)


def ahead(rewards, best, ended, n, discount):  # another form: n rounds of one-step targets
    y = np.array(best, dtype=float)
    T = len(rewards)
    for _ in range(n):
        y = np.append([rewards[t] + discount * y[t + 1] * (not ended[t]) for t in range(T)], best[T])
    return y[:T]


def value_after_end(rewards, best, ended, n, discount):
    y = np.zeros(len(rewards))
    for t in range(len(y)):
        k, factor = t, 1.0
        while k < min(t + n, len(y)):
            y[t] += factor * rewards[k]
            factor, k = factor * discount, k + 1
            if ended[k - 1]:
                break
        y[t] += factor * best[k]
    return y


none = lambda ended: np.zeros_like(ended)  # noqa: E731

RIGHT = {
    "17.1": [([1, 2, 2, 4, 8],), (np.array([1, 2, 2, 4, 8.0]),)],
    "17.2": [(stepped,), (lambda *a: stepped(*a).tolist(),)],
    "17.3": [(waited,), (lambda N, p: (p**-N - 1) / (1 - p),)],
    "17.4": [(plain,), (lambda *a: list(plain(*a)),)],
    "17.5": [(double,), (lambda *a: np.float32(double(*a)).astype(float) + 0 * a[0],)],
    "17.6": [(ring,), (lambda c, m: list(ring(c, m)),)],
    "17.7": [(ahead,), (lambda *a: list(ahead(*a)),)],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "17.1": [(([9, 9, 8, 8, 8],), "without a discount"), (([0, 0.5, 0.5, 0.5, 1.0],), "looks ahead"),
             (([1, 1, 0.5, 0.5, 0.5],), "starts anew"), (([8, 4, 2, 2, 1],), "opposite order"),
             (([1, 2, 2, 4, 4],), "nothing comes after"), ((1.0,), "five numbers"), (([0, 2, 2, 4, 8],), "Start at the end")],
    "17.2": [((lambda Q, s, a, *rest: stepped(Q, s, a - 1, *rest),), "Exactly one entry"),
             ((in_place,), "Copy it"), ((changed(lambda Q, a, r, s2, e, g: r + g * Q[s2].max()),), "After an end"),
             ((changed(share=1.0),), "only the share"), ((changed(lambda Q, a, r, s2, e, g: r + g * Q[s2, a]),), "just used"),
             ((changed(lambda Q, a, r, s2, e, g: r + g * Q[s2].mean()),), "not the mean"),
             ((changed(lambda Q, a, r, s2, e, g: r + Q[s2].max()),), "discount it"), ((row_only,), "Exactly one entry"),
             ((lambda Q, s, a, r, s2, e, rate, g: Q[s, a],), "same shape"), ((1.0,), "function itself"),
             ((lambda Q, s, a, r, s2, e, rate, g: Q + rate * (r + (0 if e else g * Q[s2].max()))
               * (np.arange(15).reshape(5, 3) == 3 * s + a),), "what the entry says now")],
    "17.3": [((lambda N, p: 1 / p if N == 1 else 99,), "everything again"),
             ((lambda N, p: 2.0 ** (N + 1) - 2,), "fair coin"), ((lambda N, p: p**-N,), "fail early"),
             ((lambda N, p: N / p,), "springs everything back"), ((lambda N, p: N * p,), "one wheel"),
             ((lambda N, p: [N],), "one number"), ((14,), "function itself")],
    "17.4": [((lambda r, q, e, g: r + g * q.max(axis=1),), "still get"), ((lambda r, q, e, g: plain(r, q, e, g) * ~e,), "reward is paid"),
             ((lambda r, q, e, g: plain(r, q, ~e, g),), "wrong way round"), ((lambda r, q, e, g: r + g * ~e * q.max(),), "whole batch"),
             ((lambda r, q, e, g: r + g * ~e * q.argmax(axis=1),), "argmax"), ((lambda r, q, e, g: r + g * ~e * q.mean(axis=1),), "not the mean"),
             ((lambda r, q, e, g: plain(r, q, e, 1),), "discount is missing"), ((lambda r, q, e, g: r[:, None] + q,), "one number per move"),
             ((0.5,), "function itself"), ((lambda r, q, e, g: r,), "One maximum")],
    "17.5": [((lambda r, a, b, e, g: plain(r, b, e, g),), "plain target"), ((lambda r, a, b, e, g: double(r, b, a, e, g),), "changed places"),
             ((lambda r, a, b, e, g: plain(r, a, e, g),), "no say"),
             ((lambda r, a, b, e, g: r + g * ~e * np.minimum(a.max(axis=1), b.max(axis=1)),), "another remedy"),
             ((lambda r, a, b, e, g: double(r, a, b, none(e), g),), "still get"), ((lambda r, a, b, e, g: a,), "one number per move"),
             ((0.5,), "function itself"), ((lambda r, a, b, e, g: r,), "network picks")],
    "17.6": [((lambda c, m: np.arange(max(0, m - c), m),), "wrong rows"), ((lambda c, m: np.arange(min(c, m)),), "first moves"),
             ((lambda c, m: np.arange(c),), "smaller of"), ((lambda c, m: ring(c, m) + 1,), "numbered from 0"),
             ((lambda c, m: np.where(np.arange(min(c, m)) == 0, 0, ring(c, m)),), "gone"), (([0, 1, 2],), "function itself")],
    "17.7": [((lambda r, b, e, n, g: ahead(r, b, none(e), n, g),), "into the next one"), ((value_after_end,), "still added"),
             ((lambda r, b, e, n, g: ahead(r, b, e, 1, g),), "one move ahead"), ((lambda r, b, e, n, g: ahead(r, 0 * b, e, n, g),), "is missing"),
             ((lambda r, b, e, n, g: ahead(r, b / g**n, e, n, g),), "discount it n times"), ((lambda r, b, e, n, g: r,), "Begin with n = 1"),
             ((lambda r, b, e, n, g: b,), "one number per move"), ((3,), "function itself")],
}  # fmt: skip


class TestAnswers(DiscreetHints):
    lecture, right, wrong = "17", RIGHT, WRONG
    leeway = {"17.1": 1.8e-4}
    exact = {"17.2"}
    secrets = ("argmax(", "max(axis", "% capacity", "/ p", "T_N", "1, 2, 2")
