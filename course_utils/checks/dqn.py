"""Checks of the exercises of lecture 17, Deep Q-networks.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import numpy as np

from course_utils.checks import numbers, one_number, register


def _function(answer, number):
    """Tell a learner who gave something else than a function; None if it is one."""
    return None if callable(answer) else f'Give the function itself: checks.check("{number}", your_function).'


@register("17.1", hint="Start at the end: the last return is the last reward, and each earlier one adds its own reward.")
def returns_backwards(returns):
    """Each return is its reward plus half of the next return."""
    rewards, returns = np.array([0.0, 1.0, 0.0, 0.0, 8.0]), numbers(returns, (5,))
    if returns is None:
        return "Give five numbers, in a list."
    if np.allclose(returns - 0.5 * np.append(returns[1:], 0.0), rewards, atol=1e-3):
        return True
    if np.allclose(returns, np.cumsum(rewards[::-1])[::-1], atol=1e-3):
        return "These are sums without a discount."
    if np.allclose(returns, np.cumsum(rewards * 0.5 ** np.arange(5)), atol=1e-3):
        return "A return looks ahead, from its step to the end. These add up what has been paid so far."
    if np.allclose(returns, (rewards * 0.5 ** np.arange(5))[::-1].cumsum()[::-1], atol=1e-3):
        return "In each return the discount starts anew: its own first reward counts in full."
    if np.allclose(returns[::-1] - 0.5 * np.append(returns[::-1][1:], 0.0), rewards, atol=1e-3):
        return "The numbers are there, in the opposite order: the first one belongs to the first step."
    if abs(returns[4] - 8) > 1e-3:
        return "The last return is easy: nothing comes after the last reward."
    return False


@register("17.2", hint="Target: the reward plus the discount times the best value of the next state. Go a share of the way there.")
def one_step(q_step):
    """One entry goes the given share of the way to its target; nothing else changes."""
    if wrong := _function(q_step, "17.2"):
        return wrong
    rng = np.random.default_rng(172)
    for ended in (False, True, False):
        Q = rng.normal(size=(5, 3)) + 1.0
        s, s2, a = int(rng.integers(5)), int(rng.integers(5)), int(rng.integers(3))
        reward, rate, discount = rng.normal(), rng.uniform(0.2, 0.7), rng.uniform(0.5, 0.9)
        given = Q.copy()
        table = numbers(q_step(given, s, a, reward, s2, ended, rate, discount))
        if table is None or table.shape != Q.shape:
            return f"It must return a table of the same shape, {Q.shape}."
        if (given != Q).any():
            return "The table that came in was changed. Copy it first."
        changed = np.argwhere(table != Q)
        if len(changed) != 1 or tuple(changed[0]) != (s, a):
            return "Exactly one entry changes: that of the state and the action of the move."
        step = table[s, a] - Q[s, a]

        def toward(target, share=rate, step=step, now=Q[s, a]):
            return np.isclose(step, share * (target - now), atol=1e-8)

        after = 0.0 if ended else discount * Q[s2].max()
        if toward(reward + after):
            continue
        if toward(reward + discount * Q[s2].max()):
            return "After an end nothing follows: then the target is the reward alone."
        if toward(reward + after, 1.0):
            return "It jumps all the way to the target. Go only the share `rate`."
        if toward(reward + discount * Q[s2, a]):
            return "The target takes the best action of the next state, not the one that was just used."
        if toward(reward + discount * Q[s2].mean()):
            return "The target takes the best next value, not the mean."
        if toward(reward + Q[s2].max()):
            return "The next value comes one move later: discount it."
        if np.isclose(step, rate * (reward + after)):
            return "Go toward the target: subtract what the entry says now."
        return False
    return True


@register("17.3", hint="To get one wheel further takes one more turn, and with probability 1 - p everything again.")
def turns_of_a_lock(mean_turns):
    """Equal to the solution of one linear equation per wheel."""
    if wrong := _function(mean_turns, "17.3"):
        return wrong
    cases = [(1, 0.5), (1, 0.25), (4, 0.5), (3, 0.9), (6, 0.3)]
    wanted = []
    for N, p in cases:
        equations = np.eye(N) - p * np.eye(N, k=1)
        equations[:, 0] -= 1 - p
        wanted.append(np.linalg.solve(equations, np.ones(N))[0])
    answers = [one_number(mean_turns(N, p)) for N, p in cases]
    if any(answer is None for answer in answers):
        return "It must return one number."
    answers, wanted = np.array(answers), np.array(wanted)
    if np.allclose(answers, wanted, rtol=1e-6):
        return True
    p, N = np.array([case[1] for case in cases]), np.array([case[0] for case in cases])
    if np.allclose(answers, 2.0 ** (N + 1) - 2):
        return "That is the answer for a fair coin, whatever p is."
    if np.allclose(answers, p ** -N.astype(float)):
        return "This counts tries of N turns each, and a try may fail early. Already one wheel fits, two don't."
    if np.allclose(answers, N / p):
        return "This would be a lock where a wrong turn costs nothing but itself. Here it springs everything back."
    if not np.allclose(answers[:2], wanted[:2], rtol=1e-6):
        return "Begin with one wheel: how long do you wait for something of probability p?"
    return False


def _batches(rng, kinds):
    """Rewards, tables of values, ends and discounts for a few batches."""
    for n, actions in ((5, 3), (1, 2), (8, 4)):
        yield (rng.normal(size=n), *(rng.normal(size=(n, actions)) + 0.5 for _ in range(kinds)),
               rng.random(n) < 0.4, rng.uniform(0.5, 0.95))  # fmt: skip


def _of_right_shape(answer, n):
    answer = numbers(answer)
    return answer if answer is not None and answer.shape == (n,) else None


@register("17.4", hint="One maximum per row of next values, nothing where the game ended.")
def targets_of_a_batch(batch_targets):
    """Reward plus discounted largest next value, or the reward alone after an end."""
    if wrong := _function(batch_targets, "17.4"):
        return wrong
    for reward, after, ended, discount in _batches(np.random.default_rng(1740), 1):
        y = _of_right_shape(batch_targets(reward.copy(), after.copy(), ended.copy(), discount), len(reward))
        if y is None:
            return "It must return one number per move: shape (n,)."
        goes_on = ~ended
        if np.allclose(y, reward + discount * goes_on * after.max(axis=1)):
            continue
        if np.allclose(y, reward + discount * after.max(axis=1)):
            return "Games that ended still get a next value."
        if np.allclose(y, goes_on * (reward + discount * after.max(axis=1))):
            return "The reward is paid even if the game ends with it."
        if np.allclose(y, reward + discount * ended * after.max(axis=1)):
            return "It is the wrong way round: the next value counts where the game goes on."
        if np.allclose(y, reward + discount * goes_on * after.max()):
            return "This takes the largest value of the whole batch. Each row has its own."
        if np.allclose(y, reward + discount * goes_on * after.argmax(axis=1)):
            return "argmax says which action is best. Here you need what it's worth."
        if np.allclose(y, reward + discount * goes_on * after.mean(axis=1)):
            return "Take the best action's value, not the mean of all."
        if np.allclose(y, reward + goes_on * after.max(axis=1)):
            return "The discount is missing."
        return False
    return True


@register("17.5", hint="The network picks an action in each row; the copy says what this action is worth.")
def double_targets_of_a_batch(double_targets):
    """The value, by the copy, of the action that the network likes best."""
    if wrong := _function(double_targets, "17.5"):
        return wrong
    for reward, own, old, ended, discount in _batches(np.random.default_rng(175), 2):
        n = np.arange(len(reward))
        y = _of_right_shape(double_targets(reward.copy(), own.copy(), old.copy(), ended.copy(), discount), len(reward))
        if y is None:
            return "It must return one number per move: shape (n,)."

        def same(after, y=y, reward=reward, factor=discount * ~ended):
            return np.allclose(y, reward + factor * after)

        if same(old[n, own.argmax(axis=1)]):
            continue
        if same(old.max(axis=1)):
            return "This is the plain target: the copy both picks and judges."
        if same(own[n, old.argmax(axis=1)]):
            return "The two have changed places."
        if same(own.max(axis=1)):
            return "The copy has no say here: the network both picks and judges."
        if same(np.minimum(own.max(axis=1), old.max(axis=1))):
            return "The smaller of two maxima is another remedy. Here one picks and the other judges."
        if np.allclose(y, reward + discount * old[n, own.argmax(axis=1)]):
            return "Games that ended still get a next value."
        return False
    return True


@register("17.6", hint="Move number m was written to row m modulo the capacity, and later moves overwrite earlier ones.")
def rows_of_a_ring(held):
    """Each row holds the last move that was written to it."""
    if wrong := _function(held, "17.6"):
        return wrong
    for capacity, stored in ((4, 3), (4, 4), (4, 6), (5, 23), (3, 30), (7, 1)):
        rows = {}
        for m in range(stored):
            rows[m % capacity] = m
        wanted = np.array([rows[i] for i in range(len(rows))])
        answer = numbers(held(capacity, stored))
        if answer is None or answer.shape != wanted.shape:
            return f"held({capacity}, {stored}) must have {len(wanted)} numbers: the smaller of capacity and stored."
        if (answer == wanted).all():
            continue
        if (np.sort(answer) == wanted).all() or (np.sort(answer) == np.sort(wanted)).all():
            return f"For capacity {capacity} and {stored} moves, the right ones are there, in the wrong rows."
        if (answer == np.arange(len(wanted))).all():
            return "These are the first moves. When the ring is full, they are overwritten."
        if (np.sort(answer) == np.sort(wanted) + 1).all():
            return "Moves are numbered from 0."
        return f"For capacity {capacity} and {stored} moves, some that are gone are still listed."
    return True


def _ahead(rewards, best, ended, n, discount, stop_at_end=True, value_after_end=False):
    """Targets as sums over a table of weights, one per moment and later moment."""
    T = len(rewards)
    y = np.zeros(T)
    for t in range(T):
        last = min(t + n, T)
        if stop_at_end:
            ends = np.flatnonzero(ended[t:last])
            over = len(ends) > 0
            last = t + ends[0] + 1 if over else last
        else:
            over = False
        y[t] = discount ** np.arange(last - t) @ rewards[t:last]
        if not over or value_after_end:
            y[t] += discount ** (last - t) * best[last]
    return y


@register("17.7", hint="Walk up to n moves ahead, and stop at an end. Then add the discounted best value, unless the game is over.")
def several_steps(n_step_targets):
    """Discounted rewards of at most n moves, then the best value, cut off at ends."""
    if wrong := _function(n_step_targets, "17.7"):
        return wrong
    rng = np.random.default_rng(177)
    for n, T in ((3, 12), (1, 6), (3, 2), (5, 20)):
        rewards, best, discount = rng.normal(size=T), rng.normal(size=T + 1) + 2.0, rng.uniform(0.6, 0.9)
        ended = np.zeros(T, dtype=bool)
        ended[rng.choice(T, max(1, T // 5), replace=False)] = True
        y = _of_right_shape(n_step_targets(rewards.copy(), best.copy(), ended.copy(), n, discount), T)
        if y is None:
            return "It must return one number per move: shape (T,)."
        given = (rewards, best, ended, n, discount)
        if np.allclose(y, _ahead(*given)):
            continue
        if np.allclose(y, _ahead(*given, stop_at_end=False)):
            return "It looks past the end of a game, into the next one."
        if np.allclose(y, _ahead(*given, value_after_end=True)):
            return "The rewards stop at an end, but a value is still added after it."
        if np.allclose(y, _ahead(rewards, best, ended, 1, discount)):
            return "This looks one move ahead, whatever n is."
        if np.allclose(y, _ahead(rewards, 0 * best, ended, n, discount)):
            return "The rewards are right. After n moves the best value from there is missing."
        if np.allclose(y, _ahead(rewards, best / discount**n, ended, n, discount)):
            return "The value comes n moves later: discount it n times."
        if np.allclose(y, rewards):
            return "This is the reward of each move alone. Begin with n = 1: that must be the plain target of Q-learning."
        return False
    return True
