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
    W1, b1, W2, b2, W3, b3 = deeper = networks([4, 6, 5, 2], 3, rng)
    hidden = np.maximum(np.maximum(x @ W1.numpy() + b1, 0) @ W2.numpy() + b2, 0)
    np.testing.assert_allclose(forward(deeper, x), hidden @ W3.numpy() + b3, atol=1e-5)


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


# What the players are made of, each against another way


class Env:
    """Games in which state and reward count the moves; `ends` says after which moves one is over."""

    def __init__(self, games=None, ends=lambda t: t % 7 == 0):
        from types import SimpleNamespace

        self.games, self.ends, self.t, self.actions, self.seeds = games, ends, 0, [], []
        self.observation_space = SimpleNamespace(shape=(4,))

    def of(self, value, kind=float):
        return kind(value) if self.games is None else np.full(self.games, value, kind)

    def state(self):
        number = np.full(4, self.t, "float32")
        return number if self.games is None else np.tile(number, (self.games, 1))

    def reset(self, seed=None):
        self.seeds.append(seed)
        return self.state(), {}

    def step(self, action):
        self.actions.append(np.copy(action))
        self.t += 1
        return self.state(), self.of(self.t), self.of(self.ends(self.t), bool), self.of(False, bool), {}


def test_the_field_is_white_and_the_ball_larger(taught):
    frames = np.full((2, 84, 84), 87)
    frames[0, 40, 20], frames[0, 5, 5], frames[1, 60, 70] = 236, 236, 147
    field = taught("inked")(frames)
    assert field.shape == (2, 66, 84)
    expected = np.zeros((2, 66, 84))
    expected[0, 26:29, 19:22], expected[1, 46:49, 69:72] = 120, 47
    np.testing.assert_array_equal(field, expected)


def test_random_games_and_the_librarys_stacks(taught):
    made = []

    class Vector:
        def __init__(self, game, games, **options):
            made.append((game, games, options))
            self.t = 0

        def reset(self, seed):
            made.append(seed)

        def step(self, button):
            self.t += 1
            made.append(button.tolist())
            return np.full((1, 4, 84, 84), self.t) + np.arange(4)[:, None, None], np.array([self.t * 10.0]), None, None, None

        def close(self):
            made.append("closed")

    frames, rewards = taught("play_at_random", AtariVectorEnv=Vector, rng=np.random.default_rng(0))("pong", 6, 5, [2, 3])
    assert frames.shape == (6, 84, 84) and frames[:, 0, 0].tolist() == [4, 5, 6, 7, 8, 9] and rewards.tolist() == [10, 20, 30, 40, 50, 60]
    assert made[0] == ("pong", 1, {"num_threads": 1, "img_height": 84, "img_width": 84}) and made[1] == 5
    assert len(made) == 9 and made[-1] == "closed" and {button for (button,) in made[2:8]} <= {2, 3}
    made.clear()
    stacks = taught("library_stacks", AtariVectorEnv=Vector)([7, 8])
    assert stacks.shape == (2, 84, 84, 4) and stacks[1, 0, 0].tolist() == [2, 3, 4, 5] and made[2:4] == [[7], [8]]
    assert made[0] == ("pong", 1, {"num_threads": 1, "img_height": 84, "img_width": 84, "noop_max": 0, "use_fire_reset": False})


def test_the_likely_path_ends_where_it_should(taught):
    P = np.zeros((4, 2, 4))
    P[0, 0, 1] = P[1, 1, 2] = 1.0
    P[0, 1, [0, 3]] = 0.6, 0.4
    given = {"P": P, "playing": np.array([True, True, False, False])}
    end = taught("likely_end", **given)
    assert end(np.array([[1, 0], [0, 1], [1, 0], [1, 0]]), 0, "abcd") == "c"
    assert end(np.array([[0, 1], [0, 1], [1, 0], [1, 0]]), 0, "abcd") == "a"  # never leaves
    chain = np.zeros((60, 1, 60))
    chain[np.arange(59), 0, np.arange(1, 60)] = 1
    steps = taught("likely_end", P=chain, playing=np.ones(60, bool))
    assert steps(np.ones((60, 1)), 0, list(range(60))) == 40


def test_random_turns_are_as_many_as_computed(taught):
    P, r = taught("build_lock")(4)
    turns = taught("played_turns")(P, 4000, np.random.default_rng(0))
    assert turns.mean() == pytest.approx(taught("expected_turns")(P), rel=0.06) == pytest.approx(2**5 - 2, rel=0.06)
    assert turns.min() == 4
    np.testing.assert_array_equal(r, np.tile([0, 0, 0, 0, 1], (5, 1)))
    back = taught("build_lock")(3, resets=False)[0]
    assert back[0, 0].tolist() == [1, 0, 0, 0] and back[2, 0].tolist() == [0, 1, 0, 0] and not back[3].any()


def test_q_learning_keeps_errors_discounts_and_its_defaults(taught):
    P, r = taught("build_lock")(2, resets=False)
    q_learning, best = taught("q_learning"), np.ones((3, 2))
    Q, returns, errors = q_learning(P, r, 0.5, lambda k: 0.0, lambda n: 0.0, np.random.default_rng(0), start=0, episodes=30, first=0.25, best=best)
    assert Q.shape == (40, 3, 2) and errors.shape == returns.shape == (30, 40)
    np.testing.assert_array_equal(Q[:, :2], 0.25)
    np.testing.assert_array_equal(Q[:, 2], 0)
    np.testing.assert_array_equal(errors, 1)
    assert set(returns.ravel()) <= {0.5**t for t in range(60)} and returns.mean() == pytest.approx(0.5 * 2 / 3 / 2, rel=0.6)
    visits = []
    q_learning(P, r, 0.5, lambda k: 1.0, lambda n: visits.append(n.copy()) or 0.5, np.random.default_rng(0), episodes=2, copies=3)
    assert visits[0].tolist() == [0, 0, 0] and max(part.max() for part in visits) > 0
    stuck = np.zeros((2, 1, 2))
    stuck[0, 0, 0] = 1.0
    _, returns, _ = q_learning(stuck, np.ones((2, 2)), 1.0, lambda k: 0.0, lambda n: 0.0, np.random.default_rng(0), start=0, episodes=1)
    assert returns.tolist() == [[60.0] * 40]
    assert q_learning(stuck, np.ones((2, 2)), 1.0, lambda k: 0.0, lambda n: 0.0, np.random.default_rng(0), longest=1)[1].shape == (300, 40)


def test_a_linear_fit_explains_its_share(taught):
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ rng.normal(size=(3, 2)) + 4 + rng.normal(size=(200, 2)) * [0.5, 2.0]
    rest = y - LinearRegression().fit(x, y).predict(x)
    assert taught("explained")(x, y) == pytest.approx(1 - rest.var(axis=0).sum() / y.var(axis=0).sum())


def test_random_carts_say_whether_they_go_on(taught):
    from types import SimpleNamespace

    env = Env(3, lambda t: t in (2, 5))
    fake = SimpleNamespace(make_vec=lambda name, num_envs, vectorization_mode: env if (name, num_envs) == ("CartPole-v1", 3) else None)
    states, goes_on = taught("random_cartpole", gymnasium=fake, rng=np.random.default_rng(0))(3, 6, 11)
    assert states.shape == (6, 3, 4) and states[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5] and env.seeds == [11]
    assert goes_on[:, 0].tolist() == [True, False, True, True, False, True]
    assert {int(a) for part in env.actions for a in part} == {0, 1}


def test_the_weight_is_chased_for_two_hundred_steps(taught):
    chase = taught("chase")
    path = chase(0.4)
    np.testing.assert_allclose(path, (1 - 0.1 * 0.2) ** np.arange(201), rtol=1e-9)
    w = [1.0]
    for t in range(12):
        copy = w[t - t % 4]
        w.append(w[-1] + 0.25 * (1.8 * copy - w[-1]))
    np.testing.assert_allclose(chase(0.9, steps=12, rate=0.25, copy_every=4), w)


def test_many_networks_start_as_glorot_says(taught):
    params = taught("networks")([20, 30, 5], 6, np.random.default_rng(0))
    for W, limit in ((params[0], 0.12**0.5), (params[2], (6 / 35) ** 0.5)):
        W = W.numpy()
        assert 0.97 * limit < W.max() <= limit and -limit <= W.min() < -0.97 * limit and abs(W.mean()) < 0.05 * limit
    assert [tuple(part.shape) for part in params] == [(6, 20, 30), (6, 1, 30), (6, 30, 5), (6, 1, 5)]
    assert not params[1].numpy().any() and not params[3].numpy().any()


def test_one_network_for_cartpole(taught):
    model = taught("small_network")()
    assert model.count_params() == 5 * 64 + 65 * 64 + 65 * 2 and model.input_shape == (None, 4)


def test_the_first_algorithm_step_by_step(taught):
    import keras

    q = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, use_bias=False)])
    log, env, epsilons = [], Env(ends=lambda t: t % 7 == 0), []

    class Memory:
        def __init__(self, capacity, shape):
            log.append(("memory", capacity, shape))

        def store(self, *move):
            log.append(("store", *(np.array(part).ravel()[0] for part in move)))

        def sample(self, size, rng):
            return ("batch", size)

    def make_update(q, target, optimizer, discount):
        log.append(("update", discount, round(float(optimizer.learning_rate.numpy()), 6)))

        def update(*batch):
            log.append((*batch, float(target.get_weights()[0][0, 0]) == float(q.get_weights()[0][0, 0])))
            q.set_weights([q.get_weights()[0] + 1])

        return update

    def choose(values, state, epsilon, rng):
        epsilons.append(epsilon)
        return 1

    given = {"ReplayMemory": Memory, "make_update": make_update, "epsilon_greedy": choose}
    lengths = taught("deep_q_learning", **given)(env, q, 1000, np.random.default_rng(0))
    assert lengths == [7] * 142 and len(env.seeds) == 143 and env.seeds[0] is not None
    assert log[:2] == [("memory", 10_000, (4,)), ("update", 0.98, 0.001)]
    stored = [row[1:] for row in log if row[0] == "store"]
    assert [row[0] for row in stored] == list(range(1000)) and stored[13] == (13, 1, 14, 14, True) and stored[14][4] == False  # noqa: E712
    updates = [row for row in log if row[0] == "batch"]
    assert len(updates) == 500 and {row[1] for row in updates} == {32}
    assert [k for k, row in enumerate(updates) if row[2]] == [0, 250]  # the copy is renewed every 250 moves
    np.testing.assert_allclose(epsilons, np.maximum(0.05, 1 - np.arange(1000) / 300))


def test_agents_live_and_learn(taught):
    from types import SimpleNamespace

    env, asked = Env(3, lambda t: t in (3, 5)), []
    agents = SimpleNamespace(replay=np.array([True, False, True]), delay=np.array([True, False, True]), rng=np.random.default_rng(0), t=0,
                             env=env, state=env.reset()[0], fresh=np.zeros(3, bool),
                             memory=[np.zeros((600, 3, *s), "float32") for s in ((4,), (), (), (4,), ())])  # fmt: skip
    agents.values = lambda states: np.tile([0.0, 1.0], (3, 1, 1))
    agents.batch = lambda: ("batch",)
    agents.update = lambda renew, *batch: asked.append((agents.t, renew.tolist(), batch))
    taught("live")(agents, 760, 1000)
    assert agents.t == 760 and [t for t, *_ in asked] == list(range(500, 761))
    assert all(renew == [t % 250 == 0, True, t % 250 == 0] and batch == ("batch",) for t, renew, batch in asked)
    before, action, reward, after, ended = agents.memory
    assert before[200, 0, 0] == 200 and after[200, 1, 0] == 201 and reward[200, 2] == 201  # kept in a ring of 600
    actions = np.array(env.actions)
    share = [(actions[:100] == 0).mean(), (actions[300:] == 0).mean()]
    assert share[0] == pytest.approx((1 - 50 / 300) / 2, abs=0.08) and share[1] == pytest.approx(0.025, abs=0.02)
    env = Env(3, lambda t: t in (3, 5))
    agents.env, agents.t, agents.state, agents.fresh = env, 0, env.reset()[0], np.zeros(3, bool)
    taught("live")(agents, 8, 1000)
    assert agents.memory[0][:8, 0, 0].tolist() == [0, 1, 2, 2, 4, 4, 6, 7]  # the move after an end is no move
    assert agents.memory[4][:8, 0].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert agents.memory[1][6, 0] == env.actions[6][0] and agents.memory[2][7, 0] == 8


def test_fast_training_in_its_order(taught):
    from types import SimpleNamespace

    log, env, seeds = [], Env(16, lambda t: t % 50 == 0), []

    class Memory:
        def __init__(self, capacity, shape):
            log.append(("memory", capacity, shape))
            self.stored = 0

        def store(self, before, action, reward, after, ended):
            self.stored += len(action)
            log.append(("store", len(action)))

        def sample(self, shape, rng):
            return ("batch", shape)

    rates, scores = [], iter([10.0, 30.0, 20.0, 496.0, 1.0])

    def make_many_updates(q, target, optimizer, discount):
        np.testing.assert_allclose(q.layers[-1].bias.numpy(), 1 / (1 - discount), rtol=1e-5)
        np.testing.assert_array_equal(q.get_weights()[-1], target.get_weights()[-1])

        def learn(*batch):
            rates.append(float(optimizer.learning_rate.numpy()))
            log.append(batch)
            q.layers[-1].bias.assign([len(rates), 0.0])

        return learn

    def stands(values, n, seed, games):
        assert (n, games) == (1, 40) and values(np.zeros((1, 3, 4))).shape == (1, 3, 2)
        seeds.append(seed)
        return [next(scores)]

    fake = SimpleNamespace(make_vec=lambda name, num_envs, vectorization_mode: env if num_envs == 16 else None)
    given = {"ReplayMemory": Memory, "make_many_updates": make_many_updates, "stands": stands, "gymnasium": fake,
             "in_numpy": lambda weights, x: np.tile([0.0, 1.0], (len(x), 1))}  # fmt: skip
    found = list(taught("fast_training", **given)(np.random.default_rng(0)))
    assert [row[0] for row in found] == [2560, 5120, 7680, 10240] and [row[1] for row in found] == [10, 30, 20, 496]
    assert [row[2][0] for row in found] == [10, 30, 30, 496] and len(set(seeds)) == 4
    assert log[0] == ("memory", 20_000, (4,)) and set(row[1] for row in log if row[0] == "batch") == {(64, 64)}
    stored = [row[1] for row in log if row[0] == "store"]
    assert len(stored) == 640 and [k for k, n in enumerate(stored) if n == 0] == list(range(50, 640, 50))
    np.testing.assert_allclose(rates, [1e-3 * (1 - k / 250) for k in range(4, 41)], rtol=1e-5)
    assert found[1][2][1][-1][0] == 17  # the weights after round 20
    zeros = np.array([(part == 0).mean() for part in env.actions])
    assert zeros[:160].mean() == pytest.approx(0.5 * (1 - 5.5 / 30), abs=0.04) and zeros[480:].mean() == pytest.approx(0.025, abs=0.015)
    rates.clear()
    scores = iter([1.0] * 40)
    list(taught("fast_training", **given)(np.random.default_rng(0), rounds=260, moves=4))
    assert rates[-1] == pytest.approx(1e-4, rel=1e-4)


def test_pong_is_played_by_the_best_button_but_for_a_few(taught):
    import tensorflow as tf

    made = []

    class Vector(Env):
        def __init__(self, game, games, **options):
            super().__init__(games)
            made.append((game, games, options, self))

        def close(self):
            made.append("closed")

        def state(self):
            return np.full((self.games, 4, 84, 84), self.t) + np.arange(4)[:, None, None]

    def look(stacks):
        return tf.zeros((8, 512)), tf.constant(np.tile([0.0, 2.0, 1.0], (8, 1)))

    given = {"AtariVectorEnv": Vector, "look": look, "PRESSED": np.array([10, 12, 13]), "rng": np.random.default_rng(0)}
    frames, hidden, values, buttons, points = taught("play_pong", **given)(300)
    game, games, options, env = made[0]
    assert (game, games, options) == ("pong", 8, {"num_threads": 2, "img_height": 84, "img_width": 84}) and env.seeds == [7] and made[1] == "closed"
    assert frames.shape == (300, 8, 84, 84) and frames[:, 0, 0, 0].tolist() == list(range(3, 303))
    assert hidden.shape == (300, 8, 512) and values.shape == (300, 8, 3) and points[:, 0].tolist() == list(range(1, 301))
    shares = np.bincount(buttons.ravel(), minlength=3) / 2400
    np.testing.assert_allclose(shares, [1 / 60, 1 - 2 / 60, 1 / 60], atol=0.012)
    np.testing.assert_array_equal(np.array(env.actions), np.array([10, 12, 13])[buttons])


def test_hidden_units_and_their_neighbours(taught):
    import tensorflow as tf

    stacks = np.random.default_rng(0).integers(0, 256, size=(2, 4, 6, 6))
    seen = taught("look", looking=lambda x: tf.identity(x))(stacks)
    assert seen.dtype == tf.float32
    np.testing.assert_array_equal(seen, stacks.transpose(0, 2, 3, 1))
    places, games = np.array([[0.0, 0], [1, 0], [3, 0], [7, 0], [0.5, 0]]), np.array([0, 0, 1, 1, 2])
    assert taught("neighbours_of")(places, games, 2).tolist() == [[4, 2], [4, 2], [1, 4], [1, 4], [0, 1]]
    many = np.random.default_rng(0).normal(size=(40, 2))
    assert taught("neighbours_of")(many, np.arange(40) % 4).shape == (40, 5)


def test_strong_moments_come_from_different_games(taught):
    matters = np.array([[1.0, 9, 2, 0], [8, 3, 4, 7]])
    strongest = taught("strongest", matters=matters)
    assert [(int(t), int(g)) for t, g in strongest(np.ones((2, 4), bool), 3)] == [(0, 1), (1, 0), (1, 3)]
    mask = np.array([[True, False, True, True], [False, True, True, False]])
    assert [(int(t), int(g)) for t, g in strongest(mask, 2)] == [(1, 2), (1, 1)]


def test_likeness_of_value_and_ball(taught):
    asked = []

    def likeness(places, what, games, rng):
        asked.append((places.tolist(), what.tolist(), games.tolist()))
        return len(asked)

    given = {"likeness": likeness, "worth": np.array([5, 6, 7]), "chosen": np.array([[0, 1], [0, 2], [0, 3]]), "rng": None,
             "in_play": np.array([True, False, True]), "ball": np.array([[1, 2], [3, 4], [5, 6]])}  # fmt: skip
    found = taught("likenesses", **given)(np.array([10, 20, 30]))
    assert found == {"value": 1, "ball's row": 2, "ball's column": 3}
    assert asked == [([10, 20, 30], [5, 6, 7], [1, 2, 3]), ([10, 30], [1, 5], [1, 3]), ([10, 30], [2, 6], [1, 3])]
