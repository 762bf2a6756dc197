"""Functions that readers of lecture 17 see, against references that were not written here."""

from collections import deque
from itertools import product

import numpy as np
import pytest

SEEDS = range(3)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take functions out of the lecture by their names, with what they call, and run nothing else."""
    import keras
    import tensorflow as tf

    def functions(*names, **given):
        found = lecture("17_dqn").functions(*names, keras=keras, tf=tf, **given)
        return found[names[0]] if len(names) == 1 else [found[name] for name in names]

    return functions


def random_game(rng, states=4, actions=2):
    """A random game whose last state is an end."""
    P = rng.dirichlet(np.ones(states), size=(states, actions))
    P[-1] = 0
    return P, rng.normal(size=(states, states))


@pytest.mark.parametrize("slip", [0.0, 0.1, 0.5])
def test_a_world_keeps_its_probability(taught, slip):
    P, r = taught("build_world")("S.G #p. ..T", slip)
    total = P.sum(axis=2)
    ends = [2, 3, 4, 8]
    assert np.all(total[ends] == 0)
    np.testing.assert_allclose(np.delete(total, ends, axis=0), 1)
    assert P[0, 1, 1] == pytest.approx(1 - slip)  # right
    assert P[0, 0, 0] == pytest.approx(1 - slip / 2)  # up: bumps, slips to the left bump too
    assert P[0, 0, 1] == pytest.approx(slip / 2)
    assert P[:, :, 3].sum() == 0  # nobody enters a wall
    np.testing.assert_array_equal(r[5], r[0])
    assert r[0, 2] == 1 and r[0, 8] == -1 and r[0, 4] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_values_and_iteration_equal_brute_force(taught, seed):
    rng = np.random.default_rng(seed)
    P, r = random_game(rng)
    R = (P * r[:, None]).sum(axis=2)
    values_of, value_iteration, greedy_policy = taught("values_of", "value_iteration", "greedy_policy")
    policies = [np.eye(2)[list(choice)] for choice in product(range(2), repeat=4)]
    for policy in policies:
        V = np.zeros(4)
        for _ in range(2000):  # another way: repeat the Bellman equation of the policy
            V = np.array([sum(policy[s, a] * (R[s, a] + 0.9 * P[s, a] @ V) for a in range(2)) for s in range(4)])
        np.testing.assert_allclose(values_of(policy, P, R, 0.9), V, atol=1e-9)
    best = np.max([values_of(policy, P, R, 0.9) for policy in policies], axis=0)
    sweeps = value_iteration(P, R, 0.9)
    np.testing.assert_allclose(sweeps[-1], best, atol=1e-9)
    np.testing.assert_allclose(values_of(greedy_policy(sweeps[-1], P, R, 0.9), P, R, 0.9), best, atol=1e-9)


def test_moves_are_drawn_as_often_as_they_are_likely(taught):
    rng = np.random.default_rng(0)
    P, _ = random_game(rng)
    drawn = taught("move")(np.full(20_000, 1), np.zeros(20_000, dtype=int), P, rng)
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, P[1, 0], atol=0.015)


def test_q_learning_is_exact_where_nothing_is_random(taught):
    q_learning, build_lock = taught("q_learning", "build_lock")
    P, r = build_lock(3, resets=False)
    Q, returns, _ = q_learning(P, r, 0.5, lambda k: 1.0, lambda n: 1.0, np.random.default_rng(0), start=0, episodes=60, copies=3)
    np.testing.assert_allclose(Q[:, :3, 1], [[0.25, 0.5, 1]] * 3)
    np.testing.assert_allclose(Q[:, :3, 0], [[0.125, 0.125, 0.25]] * 3)
    assert np.all(Q[:, 3] == 0)
    assert returns.max() == 0.25


def test_locks_and_corridors_as_simulated(taught):
    expected_turns, build_lock = taught("expected_turns", "build_lock")
    for resets in (True, False):
        rng, total = np.random.default_rng(1), 0
        for _ in range(4000):
            s = 0
            while s < 3:
                total += 1
                right = rng.random() < 0.5
                s = s + 1 if right else (0 if resets else max(s - 1, 0))
        assert total / 4000 == pytest.approx(expected_turns(build_lock(3, resets)[0]), rel=0.06)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_potential_moves_all_values_by_itself(taught, seed):
    rng = np.random.default_rng(seed)
    P, r = random_game(rng)
    values_of, shaped = taught("values_of", "shaped")
    potential = np.append(rng.normal(size=3), 0.0)
    policy = rng.dirichlet(np.ones(2), size=4)
    before, after = (values_of(policy, P, (P * rewards[:, None]).sum(axis=2), 0.8) for rewards in (r, shaped(r, potential, 0.8)))
    np.testing.assert_allclose(after, before - potential, atol=1e-9)


def test_memory_holds_the_newest_moves(taught):
    memory, kept = taught("ReplayMemory")(5, (2,)), deque(maxlen=5)
    for number in range(13):
        memory.store(np.full(2, number), number, -number, np.full(2, number + 1), number % 2)
        kept.append(number)
    before, action, reward, after, ended = memory.sample((40, 10), np.random.default_rng(0))
    assert before.shape == (40, 10, 2) and action.shape == (40, 10)
    assert set(action.ravel()) == set(kept)
    np.testing.assert_array_equal(reward, -action)
    np.testing.assert_array_equal(before[..., 0], action)
    np.testing.assert_array_equal(after[..., 1], action + 1)
    np.testing.assert_array_equal(ended, action % 2)


def test_memory_takes_several_moves_at_once(taught):
    memory = taught("ReplayMemory")(4, (1,))
    memory.store(np.arange(3)[:, None], np.arange(3), np.zeros(3), np.zeros((3, 1)), np.zeros(3))
    memory.store(np.arange(3, 6)[:, None], np.arange(3, 6), np.zeros(3), np.zeros((3, 1)), np.zeros(3))
    np.testing.assert_array_equal(memory.action, [4, 5, 2, 3])


def test_phi_takes_every_fourth_picture_and_the_brighter_of_two(taught):
    screens = np.zeros((20, 210, 160, 3), dtype=np.uint8)
    for number in range(20):
        screens[number] = 10 * number
    stack = taught("phi")(screens)
    assert stack.shape == (84, 84, 4) and stack.dtype == np.uint8
    np.testing.assert_array_equal(stack[0, 0], [70, 110, 150, 190])
    screens[-2] = 250  # only the last but one picture shows it
    assert np.all(taught("phi")(screens)[..., -1] == 250)


@pytest.mark.parametrize("seed", SEEDS)
def test_targets_and_loss(taught, seed):
    import keras

    rng = np.random.default_rng(seed)
    reward, ended = rng.normal(size=6).astype("float32"), (rng.random(6) < 0.5).astype("float32")
    after, values = rng.normal(size=(2, 6, 3)).astype("float32") * 2
    action = rng.integers(3, size=6)
    targets, loss_of = taught("targets", "loss_of")
    y = targets(reward, after, ended, 0.9).numpy()
    np.testing.assert_allclose(y, [r if e else r + 0.9 * max(row) for r, row, e in zip(reward, after, ended, strict=True)], rtol=1e-5)
    huber = keras.losses.Huber(delta=1.0)(y[:, None], values[np.arange(6), action][:, None])
    np.testing.assert_allclose(loss_of(y, values, action), huber, rtol=1e-5)


def test_epsilon_greedy_is_random_as_often_as_told(taught):
    choose, rng = taught("epsilon_greedy"), np.random.default_rng(0)
    actions = [choose(lambda state: state * np.arange(1, 4), 1.0, 0.3, rng) for _ in range(3000)]
    assert np.mean(np.array(actions) == 2) == pytest.approx(0.7 + 0.1, abs=0.03)
    assert {choose(lambda state: -state * np.arange(1, 4), 1.0, 0.0, rng) for _ in range(20)} == {0}


def test_many_updates_are_updates_one_by_one(taught):
    import keras

    small_network, make_update, make_many_updates = taught("small_network", "make_update", "make_many_updates")
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    q, target = small_network(8), small_network(8)
    slow, slow_target = keras.models.clone_model(q), keras.models.clone_model(target)
    slow.set_weights(q.get_weights())
    slow_target.set_weights(target.get_weights())
    batches = (rng.normal(size=(5, 16, 4)).astype("float32"), rng.integers(2, size=(5, 16)).astype("int32"),
               rng.normal(size=(5, 16)).astype("float32"), rng.normal(size=(5, 16, 4)).astype("float32"),
               (rng.random((5, 16)) < 0.3).astype("float32"))  # fmt: skip
    rules = [keras.optimizers.Adam(1e-3) for _ in range(2)]
    _, loss = make_many_updates(q, target, rules[0], 0.9)(*batches)
    update = make_update(slow, slow_target, rules[1], 0.9)
    losses = [update(*(part[i] for part in batches)) for i in range(5)]
    np.testing.assert_allclose(loss, np.mean(losses), rtol=1e-4)
    for ours, theirs, copy in zip(q.get_weights(), slow.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
        np.testing.assert_array_equal(ours, copy)


def test_networks_of_a_stack_are_independent(taught):
    networks, forward, in_numpy = taught("networks", "forward", "in_numpy")
    rng = np.random.default_rng(0)
    params = networks([4, 6, 2], 3, rng)
    x = rng.normal(size=(3, 5, 4)).astype("float32")
    stacked = forward(params, x).numpy()
    np.testing.assert_allclose(in_numpy([part.numpy() for part in params], x), stacked, atol=1e-5)
    for k in range(3):
        W1, b1, W2, b2 = (part.numpy()[k] for part in params)
        np.testing.assert_allclose(np.maximum(x[k] @ W1 + b1, 0) @ W2 + b2, stacked[k], atol=1e-5)


def test_many_networks_learn_as_each_would_alone(taught):
    import keras

    networks, make_joint_update = taught("networks", "make_joint_update")
    rng = np.random.default_rng(0)
    q, old = networks([4, 6, 2], 3, rng), networks([4, 6, 2], 3, rng)
    first, copy = ([part.numpy() for part in params] for params in (q, old))
    before, after = rng.normal(size=(2, 3, 8, 4)).astype("float32")
    action = rng.integers(2, size=(3, 8)).astype("float32")
    reward, ended = rng.normal(size=(3, 8)).astype("float32"), (rng.random((3, 8)) < 0.3).astype("float32")
    renew = np.array([True, False, False])
    make_joint_update(q, old, 0.9)(renew, before, action, reward, after, ended)
    make_update = taught("make_update")
    for k in range(3):
        alone, target = (keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "relu"), keras.layers.Dense(2)])
                         for _ in range(2))  # fmt: skip
        alone.set_weights([part[k].reshape(part[k].shape if part[k].shape[0] > 1 else -1) for part in first])
        target.set_weights([part[k].reshape(part[k].shape if part[k].shape[0] > 1 else -1)
                            for part in (first if renew[k] else copy)])  # fmt: skip
        make_update(alone, target, keras.optimizers.Adam(1e-3), 0.9)(before[k], action[k].astype("int32"), reward[k], after[k], ended[k])
        for ours, theirs in zip(q, alone.get_weights(), strict=True):
            np.testing.assert_allclose(ours.numpy()[k].ravel(), theirs.ravel(), atol=2e-6)
        for ours, theirs in zip(old, target.get_weights(), strict=True):
            np.testing.assert_allclose(ours.numpy()[k].ravel(), theirs.ravel(), atol=0)


def test_agents_without_replay_learn_from_the_newest_moves(taught):
    agents = taught("Agents")(np.array([True, False]), np.array([True, True]), np.random.default_rng(0), capacity=50)
    agents.memory[2][:] = np.arange(50)[:, None]
    agents.t = 60
    rewards = agents.batch(8)[2]
    np.testing.assert_array_equal(np.sort(rewards[1]), np.arange(2, 10))
    assert set(rewards[0]) - set(range(2, 10))


def test_standing_counts_steps_until_the_fall(taught):
    stands = taught("stands")
    always_left = lambda state: np.broadcast_to([1.0, 0.0], (*state.shape[:2], 2))  # noqa: E731
    by_angle = lambda state: np.stack([-(state[..., 2] + state[..., 3]), state[..., 2] + state[..., 3]], axis=-1)  # noqa: E731
    short, long = (stands(values, 1, seed=0, games=20)[0] for values in (always_left, by_angle))
    assert 8 <= short <= 11
    assert 100 < long <= 500


def test_the_weight_of_two_states_grows_as_computed(taught):
    chase = taught("chase")
    assert chase(0.9, steps=50)[-1] == pytest.approx((1 + 0.1 * 0.8) ** 50)
    assert abs(chase(0.4, steps=500)[-1]) < 1e-3


def test_nature_network_has_the_published_shapes(taught):
    network = taught("nature_network")(6)
    assert [layer.output.shape[1:] for layer in network.layers[1:4]] == [(20, 20, 32), (9, 9, 64), (7, 7, 64)]
    assert network.count_params() == 1_687_206


def test_ball_is_found_where_it_was_drawn(taught):
    frames = np.full((3, 84, 84), 87, dtype=np.uint8)
    frames[0, 40:42, 30] = 236
    frames[1, 60, 70] = 236
    ball = taught("ball_of")(frames)
    np.testing.assert_allclose(ball[:2], [[40.5, 30], [60, 70]])
    assert np.isnan(ball[2]).all()


def test_likeness_tells_order_from_noise(taught):
    likeness, rng = taught("likeness"), np.random.default_rng(0)
    places, games = rng.normal(size=(300, 2)), rng.integers(5, size=300)
    assert likeness(places, places[:, 0], games, rng) < 0.4
    assert likeness(places, rng.normal(size=300), games, rng) == pytest.approx(1, abs=0.15)


def test_values_before_points(taught):
    values = np.arange(30.0).reshape(10, 1, 3)  # largest of move t: 3 t + 2
    points = np.zeros((10, 1))
    points[8] = 1
    np.testing.assert_array_equal(taught("before_points")(values, points, 1, moves=2), [20, 23, 26])
    assert np.isnan(taught("before_points")(values, points, -1)).all()


def test_extremes_keep_their_distance(taught):
    line = np.zeros(200)
    line[[50, 55, 120, 180]] = [3, 2.9, 2, 1]
    assert taught("extremes")(line, 3) == [50, 120, 180]
