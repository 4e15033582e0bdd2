"""MemN2N against its equations written out, its lanes, its forms, and what it learns."""

import pytest
import torch

from picojoule.base.errors import InputError
from picojoule.data.language.babi import Vocabulary, encode, generate
from picojoule.models.memory import Float, Form, MemN2N, Quantised, Rounded, gather, pack
from picojoule.models.memory.counting import FP32, HAMMING8, INT8, Load, actions
from picojoule.quant import Fixed, Gauge
from picojoule.train.lanes import Recipe, errors, train_lanes

Q34 = Fixed(iwl=3, frac=4)


def questions(number=1, n=60, seed=0):
    task = generate(number, train=n, test=n, seed=seed)
    words = Vocabulary.of(task.train)
    return encode(task.train, words), encode(task.test, words), words


def network(words, asked, lanes=1, tasks=1, seed=0, **form):
    settings = {"tokens": len(words), "ages": asked.story.shape[1], "embedding": 12} | form
    return MemN2N(Form(**settings), tasks=tasks, lanes=lanes, generator=torch.Generator().manual_seed(seed))


def whole(asked):
    task = pack([asked])
    return task, torch.arange(len(asked))[None]


def by_equations(net, asked, i):
    """One question, sentence by sentence and hop by hop."""
    form = net.form
    k = torch.arange(1, form.embedding + 1) / form.embedding

    def embed(row, which):
        s0, sj = asked.sentences[row]
        a = net.embeddings[which][0, 0]
        return 0.5 * (s0 @ a) + (0.5 - k) * (sj @ a) if form.positions else s0 @ a

    adjacent = form.tying == "adjacent"
    rows = [int(r) for r in asked.story[i] if r]
    u = embed(int(asked.question[i]), 0 if adjacent else 2)
    for hop in range(form.hops):
        first = hop if adjacent else 0
        m, c = (
            torch.stack([embed(r, j) + net.times[j][0, 0, age] for age, r in enumerate(rows)])
            for j in (first, first + 1)
        )
        o = torch.softmax(m @ u, 0) @ c
        u = o + (u if adjacent else u @ net.h[0, 0])
    return u @ (net.embeddings[-1][0, 0].T if adjacent else net.w[0, 0])


@pytest.mark.parametrize("positions", [True, False])
@pytest.mark.parametrize("tying", ["layer-wise", "adjacent"])
def test_the_network_is_its_equations(tying, positions):
    asked, _, words = questions(2, 100)
    net = network(words, asked, tying=tying, positions=positions, std=0.5)
    task, index = whole(asked)
    with torch.no_grad():
        logits = net(gather(task, index, ages=net.form.ages)[0])
        for i in (0, 3, 9):
            torch.testing.assert_close(logits[0, i, 0], by_equations(net, asked, i), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "arithmetic", [Float(), Float("cosine"), Rounded(8), Quantised(lanes=(Q34,) * 2, measure="hamming", control=True)]
)
def test_a_lane_is_what_it_is_alone(arithmetic):
    asked, _, words = questions(1, 20)
    both = network(words, asked, lanes=2)
    task, index = whole(asked)
    bags, _ = gather(task, index, ages=both.form.ages)
    alone = both.pick([1])
    single = (
        Quantised(lanes=(Q34,), measure="hamming", control=True) if isinstance(arithmetic, Quantised) else arithmetic
    )
    torch.testing.assert_close(both(bags, arithmetic)[:, :, 1:], alone(bags, single), rtol=1e-5, atol=1e-5)


def test_picked_lanes_are_copies_in_the_order_asked_for():
    asked, _, words = questions(1, 20)
    net = network(words, asked, lanes=2)
    net.linear[:, 1] = True
    picked = net.pick([1, 0, 1])
    for mine, theirs in zip(picked.parameters(), net.parameters(), strict=True):
        assert torch.equal(mine, theirs[:, [1, 0, 1]]) and mine.data_ptr() != theirs.data_ptr()
    assert picked.linear.tolist() == [[True, False, True]]


def test_tasks_side_by_side_are_what_they_are_alone():
    asked = [questions(number, 20)[0] for number in (1, 19)]
    words = [questions(number, 20)[2] for number in (1, 19)]
    tokens, ages = max(map(len, words)), max(each.story.shape[1] for each in asked)
    net = network(words[0], asked[0], tasks=2, tokens=tokens, ages=ages, positions=True)
    task = pack(asked)
    logits = net(gather(task, torch.arange(20).expand(2, -1), ages=ages)[0])
    for g, each in enumerate(asked):
        alone = network(words[g], each, tokens=tokens, ages=ages)
        single = pack([each])
        padded = torch.nn.functional.pad(
            single.sentences.unflatten(2, (2, -1)), (0, tokens - each.sentences.shape[2])
        ).flatten(2)
        bags, _ = gather(
            type(single)(
                sentences=padded, story=single.story, question=single.question, answer=single.answer, sizes=single.sizes
            ),
            torch.arange(20)[None],
            ages=ages,
        )
        torch.testing.assert_close(logits[g : g + 1], alone(bags), rtol=1e-4, atol=1e-5)


def test_products_are_truncated_one_by_one():
    """The quantised read loses small products that a sum of exact ones would keep."""
    coarse = Quantised(lanes=(Fixed(iwl=5, frac=2),))
    p, c = torch.full((1, 1, 8, 1), 0.125), torch.ones(1, 1, 8, 1, 4)
    assert coarse.read(p, c).abs().max() == 0
    assert torch.equal(Float().read(p, c), torch.ones(1, 1, 1, 4))
    assert torch.equal(Quantised(lanes=(Fixed(iwl=4, frac=3),)).read(p, c), torch.ones(1, 1, 1, 4))


def test_memory_controller_control_moves_the_point():
    assert Quantised(lanes=(Q34,), control=True).formats(3) == (1, 0, -1)
    assert Quantised(lanes=(Q34,)).formats(3) == (0, 0, 0)
    asked, _, words = questions()
    net = network(words, asked, std=1.0)
    bags, _ = gather(*whole(asked), ages=net.form.ages)
    with torch.no_grad():
        moved, fixed = (net(bags, Quantised(lanes=(Q34,), control=each)) for each in (True, False))
    assert not torch.equal(moved, fixed)


def test_the_gauge_sees_every_tensor():
    asked, _, words = questions()
    net = network(words, asked, std=2.0)
    gauge = Gauge()
    with torch.no_grad():
        net(gather(*whole(asked), ages=net.form.ages)[0], Quantised(lanes=(Fixed(iwl=1, frac=6),), gauge=gauge))
    assert {"memories: words", "addresses", "similarity", "similarity products", "read products", "H·u", "key"} <= {
        *gauge.names
    }
    assert gauge.saturated("similarity")[0] > 0.2 > gauge.saturated("attention")[0]
    one = Gauge("similarity")
    with torch.no_grad():
        net(gather(*whole(asked), ages=net.form.ages)[0], Quantised(lanes=(Fixed(iwl=1, frac=6),), gauge=one))
    assert one.names == ("similarity",) and one.saturated("similarity") == gauge.saturated("similarity")


def test_noise_makes_memories_older_and_never_loses_one():
    asked, _, words = questions(2, 30)
    task, index = whole(asked)
    ages = 2 * asked.story.shape[1]
    plain, _ = gather(task, index, ages=ages)
    noisy, _ = gather(task, index, ages=ages, generator=torch.Generator().manual_seed(0))
    tokens = 2 * len(words)
    assert torch.equal(plain.memory[..., :tokens], noisy.memory[..., :tokens])
    older = noisy.memory[..., tokens:].argmax(-1) - plain.memory[..., tokens:].argmax(-1)
    assert older.min() == 0 and older.max() > 0


def train(number=1, n=1000, lanes=2, arithmetic=None, **recipe):
    asked, test, words = questions(number, n)
    learn, held_out = asked.split(0.1)
    net = network(words, asked, lanes=lanes, embedding=40)
    settings = {"epochs": 20, "halve": 12} | recipe
    arithmetic = arithmetic or Float()
    done = train_lanes(net, pack([learn]), pack([held_out]), arithmetic, Recipe(**settings))
    return done, errors(done.net, pack([test]), arithmetic)[0]


def test_it_learns_where_people_are():
    done, wrong = train()
    assert wrong.max() < 0.1 and done.history.losses[-1] < 0.1 < done.history.losses[0]


def test_it_learns_to_deduce():
    _, wrong = train(15, epochs=40, halve=25)
    assert wrong.min() < 0.1


def test_it_learns_in_eight_bits():
    arithmetic = Quantised(lanes=(Fixed(iwl=2, frac=5),) * 2, measure="hamming")
    _, wrong = train(12, arithmetic=arithmetic)
    assert wrong.min() < 0.25


def test_linear_start_ends_by_itself_and_noise_does_no_harm():
    done, wrong = train(linear_start=1, noise=True, lanes=1, epochs=30)
    assert not done.net.linear.any() and wrong.max() < 0.15


def test_lanes_end_on_their_own_and_keep_their_best():
    done, _ = train(n=100, rate=30.0, ends=True, epochs=12, patience=1, worse=0.01)
    asked, _, _words = questions(1, 100)
    again = errors(done.net, pack([asked.split(0.1)[1]]), Float())[0]
    torch.testing.assert_close(again, done.error)


def test_a_training_that_was_interrupted_goes_on(tmp_path, monkeypatch):
    whole_run, _ = train(n=60, lanes=2, epochs=4)
    calls = {"n": 0}
    from picojoule.train import lanes

    real = lanes._Learner.learn

    def failing(self, x, y, moment):
        calls["n"] += 1
        if calls["n"] == 3:
            raise KeyboardInterrupt
        return real(self, x, y, moment)

    def run():
        asked, _, words = questions(1, 60)
        learn, held_out = asked.split(0.1)
        net = network(words, asked, lanes=2, embedding=40)
        recipe = Recipe(epochs=4, halve=12)
        return train_lanes(net, pack([learn]), pack([held_out]), Float(), recipe, folder=tmp_path)

    monkeypatch.setattr(lanes._Learner, "learn", failing)
    with pytest.raises(KeyboardInterrupt):
        run()
    resumed = run()
    for mine, theirs in zip(resumed.last, whole_run.last, strict=True):
        assert torch.equal(mine, theirs)


def test_counts_are_those_of_the_equations():
    """A network without position encoding: adds, products and bytes by hand."""
    form = Form(tokens=30, ages=10, embedding=5, hops=2, positions=False)
    load = Load(memories=6, words=31, asked=3)
    found = actions(form, load, FP32)
    assert found["add_fp32"] == (2 * (31 + 6) + 3) * 5 + 2 * 5 + 30
    assert found["mac_fp32"] == 2 * 6 * 5 + 2 * 6 * 5 + 2 * 25 + 30 * 5
    assert found["exp_fp32"] == found["div_fp32"] == 12
    eight = actions(form, load, HAMMING8, quantised_only=True)
    assert eight["xnor_int8"] == 2 * 6 * 5 and "mac_fp32" not in eight
    assert actions(form, load, INT8, quantised_only=True)["mac_int8"] == found["mac_fp32"] - 30 * 5


def test_wrong_forms_are_refused():
    with pytest.raises(InputError, match="the tying 'other'"):
        Form(tokens=1, ages=1, tying="other")
    with pytest.raises(InputError, match="below 1"):
        Form(tokens=0, ages=1)
    with pytest.raises(InputError, match="no task"):
        pack([])
    with pytest.raises(InputError, match="the similarity 'l1'"):
        Quantised(lanes=(Q34,), measure="l1")
