"""Every supported operation, in every form users type it, becomes nodes of the same function."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nets import inputs
from picojoule.codes import Rate
from picojoule.conversion import convert, trace
from picojoule.engines import run
from picojoule.ir import Conv, Fire, Flatten, Linear, MaxPool, Node, ReLU
from picojoule.ir.dense import evaluate_all

IMAGE, SIGNAL, VECTOR = (2, 8, 8), (2, 12), (6,)


class Wrapped(nn.Module):
    """A module around a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class FunctionalDropout(nn.Module):
    def forward(self, x):
        return F.dropout(F.relu(x), 0.5, self.training)


def normed(norm: nn.Module) -> nn.Module:
    """A norm with statistics and parameters that are not those of a fresh one."""
    torch.manual_seed(3)
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    if norm.affine:
        nn.init.uniform_(norm.weight, -1, 2)
        nn.init.uniform_(norm.bias)
    return norm


FORMS = {
    "Conv2d": (IMAGE, nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2)),
    "Conv2d no bias": (IMAGE, nn.Conv2d(2, 4, 3, bias=False)),
    "Conv2d same": (IMAGE, nn.Conv2d(2, 4, (3, 5), padding="same", dilation=(2, 1))),
    "Conv2d valid": (IMAGE, nn.Conv2d(2, 4, 3, padding="valid")),
    "Conv1d": (SIGNAL, nn.Conv1d(2, 4, 3, stride=2, dilation=2)),
    "Conv1d same": (SIGNAL, nn.Conv1d(2, 4, 5, padding="same")),
    "Linear": (VECTOR, nn.Linear(6, 3)),
    "Linear no bias": (VECTOR, nn.Linear(6, 3, bias=False)),
    "BatchNorm2d": (IMAGE, normed(nn.BatchNorm2d(2, eps=0.1))),
    "BatchNorm2d plain": (IMAGE, normed(nn.BatchNorm2d(2, affine=False))),
    "BatchNorm1d of signals": (SIGNAL, normed(nn.BatchNorm1d(2))),
    "BatchNorm1d of vectors": (VECTOR, normed(nn.BatchNorm1d(6))),
    "ReLU": (IMAGE, nn.ReLU()),
    "ReLU in place": (IMAGE, nn.ReLU(inplace=True)),
    "F.relu": (IMAGE, Wrapped(F.relu)),
    "torch.relu": (IMAGE, Wrapped(torch.relu)),
    "x.relu": (IMAGE, Wrapped(lambda x: x.relu())),
    "x.relu_": (IMAGE, Wrapped(lambda x: x.relu_())),
    "MaxPool2d": (IMAGE, nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)),
    "MaxPool2d dilated": (IMAGE, nn.MaxPool2d(2, dilation=2)),
    "MaxPool1d": (SIGNAL, nn.MaxPool1d(2)),
    "F.max_pool2d": (IMAGE, Wrapped(lambda x: F.max_pool2d(x, 2))),
    "F.max_pool2d by name": (IMAGE, Wrapped(lambda x: F.max_pool2d(x, kernel_size=(2, 4), stride=(1, 2)))),
    "F.max_pool1d": (SIGNAL, Wrapped(lambda x: F.max_pool1d(x, 3))),
    "torch.max_pool2d": (IMAGE, Wrapped(lambda x: torch.max_pool2d(x, 2))),
    "AvgPool2d": (IMAGE, nn.AvgPool2d(3, stride=2, padding=1)),
    "AvgPool2d borders": (IMAGE, nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)),
    "AvgPool1d": (SIGNAL, nn.AvgPool1d(3, padding=1)),
    "F.avg_pool2d": (IMAGE, Wrapped(lambda x: F.avg_pool2d(x, 2))),
    "F.avg_pool1d": (SIGNAL, Wrapped(lambda x: F.avg_pool1d(x, 2, stride=1))),
    "AdaptiveAvgPool2d": (IMAGE, nn.AdaptiveAvgPool2d((4, 2))),
    "AdaptiveAvgPool2d kept side": (IMAGE, nn.AdaptiveAvgPool2d((None, 1))),
    "AdaptiveAvgPool1d": (SIGNAL, nn.AdaptiveAvgPool1d(4)),
    "F.adaptive_avg_pool2d": (IMAGE, Wrapped(lambda x: F.adaptive_avg_pool2d(x, 1))),
    "F.adaptive_avg_pool1d": (SIGNAL, Wrapped(lambda x: F.adaptive_avg_pool1d(x, 3))),
    "Flatten": (IMAGE, nn.Flatten()),
    "torch.flatten": (IMAGE, Wrapped(lambda x: torch.flatten(x, 1))),
    "torch.flatten by name": (IMAGE, Wrapped(lambda x: torch.flatten(input=x, start_dim=1))),
    "x.flatten": (IMAGE, Wrapped(lambda x: x.flatten(1))),
    "x.view by size": (IMAGE, Wrapped(lambda x: x.view(x.size(0), -1))),
    "x.view by shape": (IMAGE, Wrapped(lambda x: x.view(x.shape[0], -1))),
    "x.view by number": (IMAGE, Wrapped(lambda x: x.view(-1, 128))),
    "x.reshape": (IMAGE, Wrapped(lambda x: x.reshape(len(IMAGE) - 4, 128))),
    "torch.reshape": (IMAGE, Wrapped(lambda x: torch.reshape(x, (-1, 128)))),
    "a factor a channel": (IMAGE, Wrapped(lambda x: x * torch.tensor([0.5, 1.5]).view(2, 1, 1))),
    "a factor of the batch's rank": (IMAGE, Wrapped(lambda x: torch.tensor([0.5, 1.5]).view(1, 2, 1, 1) * x)),
    "a number more": (IMAGE, Wrapped(lambda x: 3 - x + 0.25)),
    "x.contiguous": (IMAGE, Wrapped(lambda x: x.contiguous().flatten(1))),
}


def outputs(model: nn.Module, x: torch.Tensor):
    network = trace(model, x)
    return network, evaluate_all(network.nodes, x)[network.output.name]


@pytest.mark.parametrize(("shape", "operation"), FORMS.values(), ids=FORMS)
def test_form_keeps_the_function(shape, operation):
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = operation.eval()(x.clone())
        network, got = outputs(operation, x)
    torch.testing.assert_close(got, expected)
    assert network.output.shape == tuple(expected.shape[1:])


@pytest.mark.parametrize(
    "nothing", [nn.Dropout(), nn.Dropout1d(), nn.Dropout2d(), nn.Identity(), FunctionalDropout()], ids=repr
)
def test_dropout_and_identity_vanish(nothing):
    network = trace(nn.Sequential(nn.Linear(6, 3), nothing).train(), torch.rand(2, 6))
    assert {type(node) for node in network.nodes[1:]} <= {Linear, ReLU}
    assert any(fate.kind in (type(nothing).__name__, "dropout") for fate in network.conversion.fates)


class Functional(nn.Module):
    """As users write it: layers in __init__, everything else in forward."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3)
        self.fc1, self.fc2 = nn.Linear(6, 10), nn.Linear(10, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.adaptive_avg_pool2d(self.conv2(x).relu(), 1)
        x = F.dropout(torch.relu(self.fc1(torch.flatten(x, 1))), training=self.training)
        return self.fc2(x)


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)), nn.ModuleDict({"act": nn.ReLU()})
        )
        self.head = Functional.__new__(Functional)
        nn.Module.__init__(self.head)
        self.head.fc = nn.Linear(3 * 14 * 14, 4)

    def forward(self, x):
        x = self.body[1]["act"](self.body[0](x))
        return self.head.fc(x.flatten(1))


class SharedActivation(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc1, self.fc2 = nn.Conv2d(1, 3, 3), nn.Linear(588, 8), nn.Linear(8, 3)
        self.act = nn.ReLU()

    def forward(self, x):
        return self.fc2(self.act(self.fc1(self.act(self.conv(x)).flatten(1))))


class NamesThatCollide(nn.Module):
    """A layer called input, a module called relu beside the function relu."""

    def __init__(self):
        super().__init__()
        self.input, self.fc, self.relu, self.out = nn.Conv2d(1, 3, 3), nn.Linear(588, 8), nn.ReLU(), nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.relu(self.fc(F.relu(self.input(x)).flatten(1))))


@pytest.mark.parametrize("model", [Functional, Nested, SharedActivation, NamesThatCollide])
def test_a_whole_model_keeps_its_function_and_converts(model):
    torch.manual_seed(0)
    net, x = model().eval(), inputs(8)
    with torch.no_grad():
        expected = net(x)
    network, got = outputs(net, x)
    torch.testing.assert_close(got, expected)
    assert len({node.name for node in network.nodes}) == len(network.nodes)
    values = run(convert(net, x, code=Rate(steps=256), percentile=100), x, count=False).values
    assert (values - expected).abs().max() < 0.1 * expected.abs().max()


def test_nodes_have_the_names_of_the_modules():
    assert [node.name for node in trace(Nested().eval(), inputs(1)).nodes] == [
        *("input", "body.0.0", "body.0.1", "body.1.act", "flatten", "head.fc")
    ]


def test_a_shared_activation_is_two_layers_of_neurons():
    torch.manual_seed(0)
    network = convert(SharedActivation().eval(), inputs(8), code=Rate(steps=8))
    hidden = [fire for fire in network.all(Fire) if fire.layer != "input"]
    assert [fire.layer for fire in hidden] == ["conv", "fc1"]
    assert hidden[0].name == "act" and hidden[1].name != "act"
    state = run(network, inputs(2), engine="stepped").state
    assert [tuple(state.potentials[fire.name].shape) for fire in hidden] == [(2, 3, 14, 14), (2, 8)]
    assert {fate.node for fate in network.conversion.fates} >= {fire.name for fire in hidden}


def test_a_shared_layer_keeps_its_weights_at_both_sites():
    torch.manual_seed(0)
    layer = nn.Linear(6, 6)
    model, x = nn.Sequential(layer, nn.ReLU(), layer, nn.ReLU(), nn.Linear(6, 2)).eval(), torch.rand(4, 6)
    network, got = outputs(model, x)
    torch.testing.assert_close(got, model(x).detach())
    first, second, _ = network.all(Linear)
    assert first.name != second.name and torch.equal(first.weight, second.weight)


def test_a_model_without_the_dead_branch():
    """What the output does not depend on is not there."""

    class Dead(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(6, 2), nn.Linear(6, 9)

        def forward(self, x):
            self.unused(x).relu()
            return self.used(x)

    assert [node.name for node in trace(Dead(), torch.rand(1, 6)).nodes] == ["input", "used"]


def test_the_model_is_not_changed():
    torch.manual_seed(0)
    model = Functional().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    network = convert(model, inputs(8), code=Rate(steps=4))
    for node in network.all(Conv):
        node.weight.zero_()
    assert model.training and all(child.training for child in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_bias_that_is_not_there_is_not_counted():
    layer = next(trace(nn.Sequential(nn.Linear(6, 3, bias=False)), torch.rand(1, 6)).all(Linear))
    assert not layer.has_bias and torch.equal(layer.bias, torch.zeros(3))


@pytest.mark.parametrize("dtype", [torch.float64, torch.uint8, torch.int64])
def test_calibration_in_any_number_type(dtype):
    model, x = Functional().eval(), (inputs(4) * 255).round()
    scales = [fire.scale for fire in convert(model, x, code=Rate(steps=4)).all(Fire)]
    other = [fire.scale for fire in convert(model, x.to(dtype), code=Rate(steps=4)).all(Fire)]
    assert all(torch.equal(a, b) for a, b in zip(scales, other, strict=True))


def test_a_double_model_stays_double():
    network = trace(Functional().double().eval(), inputs(1))
    assert next(network.all(Conv)).weight.dtype == torch.float64


def kinds(network) -> list[type[Node]]:
    return [type(node) for node in network.nodes]


def test_pool_in_front_of_its_activation_is_put_behind_it():
    """relu(max(x)) = max(relu(x)); a maximum of spikes needs neurons in front."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.MaxPool2d(2), nn.Flatten(), nn.ReLU(), nn.Linear(147, 3)).eval()
    network = convert(model, inputs(8), code=Rate(steps=8), input="analogue")
    assert kinds(network)[1:] == [Conv, Fire, MaxPool, Flatten, Linear]
    assert sum(fate.by == "standardise" for fate in network.conversion.fates) == 1
