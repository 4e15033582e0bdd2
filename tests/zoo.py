"""The networks people have, written out as they write them."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def vgg() -> nn.Module:
    """VGG in small, with a classifier that drops out."""

    def block(inputs, outputs):
        return nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)

    features = nn.Sequential(
        *block(3, 6), *block(6, 6), nn.MaxPool2d(2), *block(6, 10), *block(10, 10), nn.MaxPool2d(2), *block(10, 12)
    )
    classifier = nn.Sequential(nn.Linear(12 * 4, 16), nn.ReLU(True), nn.Dropout(), nn.Linear(16, 5))
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(2), nn.Flatten(), classifier)


class BasicBlock(nn.Module):
    """The block of torchvision's ResNets: one ReLU module, in place, called twice."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    """torchvision's ResNet in small."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 6, 7, 2, 3, bias=False), nn.BatchNorm2d(6)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(6, 6), BasicBlock(6, 6))
        self.layer2 = nn.Sequential(BasicBlock(6, 10, 2), BasicBlock(10, 10))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(10, 5)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(x, 1))


class InvertedResidual(nn.Module):
    """The block of MobileNetV2: linear at its end."""

    def __init__(self, inputs, outputs, stride, expand):
        super().__init__()
        hidden = inputs * expand
        self.use_res_connect = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            *(nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(inplace=True)),
            *(nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden)),
            *(nn.ReLU6(inplace=True), nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)),
        )

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU6()),
            *(InvertedResidual(6, 6, 1, 2), InvertedResidual(6, 8, 2, 3), InvertedResidual(8, 8, 1, 3)),
            *(InvertedResidual(8, 8, 1, 3), nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6()),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, 5))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class UNet(nn.Module):
    """Down, up by a transposed convolution or bilinearly, and skips that are concatenated."""

    def __init__(self, up="transposed"):
        super().__init__()

        def double(inputs, outputs):
            return nn.Sequential(
                *(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()),
                *(nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()),
            )

        self.down1, self.down2, self.bottom = double(3, 4), double(4, 6), double(6, 8)
        self.pool = nn.MaxPool2d(2)
        ways = {
            "transposed": lambda i, o: nn.ConvTranspose2d(i, o, 2, stride=2),
            "bilinear": lambda i, o: nn.Sequential(
                nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(i, o, 1), nn.ReLU()
            ),
            "nearest": lambda i, o: nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(i, o, 1), nn.ReLU()),
        }
        self.up2, self.up1 = ways[up](8, 6), ways[up](6, 4)
        self.double2, self.double1 = double(12, 6), double(8, 4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        one = self.down1(x)
        two = self.down2(self.pool(one))
        x = self.bottom(self.pool(two))
        x = self.double2(torch.cat([two, self.up2(x)], dim=1))
        x = self.double1(torch.cat([one, self.up1(x)], dim=1))
        return self.head(x)


class PreActBlock(nn.Module):
    """A ResNet that normalises before it weighs: what passes through its stream is never rectified."""

    def __init__(self, channels):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(channels), nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x):
        out = self.conv1(F.relu(self.bn1(x)))
        return x + self.conv2(F.relu(self.bn2(out)))


class PreActResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.blocks = nn.Conv2d(3, 6, 3, 2, 1), nn.Sequential(PreActBlock(6), PreActBlock(6))
        self.bn, self.fc = nn.BatchNorm2d(6), nn.Linear(6, 5)

    def forward(self, x):
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.bn(self.blocks(self.conv(x)))), 1).flatten(1))


class DenseNet(nn.Module):
    """Everything before, concatenated, and normed again."""

    def __init__(self):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 4, 3, 2, 1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(4 + 3 * i) for i in range(3))
        self.convs = nn.ModuleList(nn.Conv2d(4 + 3 * i, 3, 3, padding=1, bias=False) for i in range(3))
        self.fc = nn.Linear(13, 5)

    def forward(self, x):
        features = [F.relu(self.conv0(x))]
        for norm, conv in zip(self.norms, self.convs, strict=True):
            features.append(conv(F.relu(norm(torch.cat(features, 1)))).relu())
        return self.fc(torch.cat(features, 1).mean((2, 3)))


class ShuffleNet(nn.Module):
    """Halves of the channels, shuffled; pixels shuffled into a larger picture."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.branch = nn.Sequential(
            *(nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.BatchNorm2d(4)),
            *(nn.Conv2d(4, 4, 1), nn.ReLU()),
        )
        self.up = nn.PixelShuffle(2)
        self.last, self.fc = nn.Conv2d(2, 3, 3, stride=2), nn.Linear(3, 5)

    def forward(self, x):
        x = F.relu(self.stem(x))
        left, right = x.chunk(2, dim=1)
        x = torch.cat((left, self.branch(right)), dim=1)
        batch, channels, height, width = x.shape
        x = x.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)
        return self.fc(self.last(self.up(x)).relu().mean([2, 3]))


class TwoHeads(nn.Module):
    """A class and a box, from different depths."""

    def __init__(self, keys=None):
        super().__init__()
        self.keys = keys
        self.stem, self.deep = nn.Conv2d(3, 6, 3, 2), nn.Conv2d(6, 8, 3, 2)
        self.label, self.box = nn.Linear(8, 5), nn.Conv2d(6, 4, 1)

    def forward(self, x):
        early = F.relu(self.stem(x))
        label = self.label(F.relu(self.deep(early)).mean((2, 3)))
        outputs = label, self.box(early)
        return dict(zip(self.keys, outputs, strict=True)) if self.keys else outputs


class Standardised(nn.Module):
    """Standardises in forward, in front of a convolution that pads with zeros."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.5, 0.4, 0.3]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.2, 0.3, 0.25]).view(1, 3, 1, 1))
        self.body = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten())
        self.fc = nn.Linear(80, 5)

    def forward(self, x):
        return self.fc(self.body((x - self.mean) / self.std)) * 0.5 + 1


class MLPMixer(nn.Module):
    """Linear layers on tokens and on channels, with ReLUs and without norms."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, 4)
        self.tokens = nn.Sequential(nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 16))
        self.channels = nn.Sequential(nn.Linear(8, 10), nn.ReLU(), nn.Linear(10, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = x + self.tokens(x.transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(x)
        return self.head(x.mean(1))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        attention = (q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(-1)
        return self.proj((attention @ v).transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    def __init__(self, width, act):
        super().__init__()
        self.norm1, self.attn, self.norm2 = nn.LayerNorm(width), Attention(width, 2), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), act(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """A vision transformer in small, as timm has it."""

    def __init__(self, act=nn.GELU):
        super().__init__()
        self.patch, self.cls = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.randn(1, 1, 8))
        self.position = nn.Parameter(torch.randn(1, 17, 8) * 0.1)
        self.blocks = nn.Sequential(Block(8, act), Block(8, act))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls.expand(x.shape[0], -1, -1), x), dim=1) + self.position
        return self.head(self.norm(self.blocks(x))[:, 0])


class ShapeDependent(nn.Module):
    """Python that depends on shapes: too much for fx, not for torch.export."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3, padding="same"), nn.BatchNorm2d(4)
        self.fc = nn.Linear(4 * 64, 5)

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        while x.shape[-1] > 8:
            x = F.max_pool2d(x, 2)
        return self.fc(x.flatten(1))


class CifarBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.halves, self.wider = stride != 1, (outputs - inputs) // 2

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.halves:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.wider, self.wider))
        return F.relu(out + x)


class ResNet20(nn.Module):
    """ResNet-20 for CIFAR-10, its shortcut without weights."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(CifarBlock(16, 16, 1) for _ in range(3)))
        self.layer2 = nn.Sequential(CifarBlock(16, 32, 2), CifarBlock(32, 32, 1), CifarBlock(32, 32, 1))
        self.layer3 = nn.Sequential(CifarBlock(32, 64, 2), CifarBlock(64, 64, 1), CifarBlock(64, 64, 1))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.avg_pool2d(x, x.size()[3]).flatten(1))


class TensorFlowConv(nn.Conv2d):
    """A convolution that pads as TensorFlow's "same" does: one more behind where it must be unequal."""

    def forward(self, x):
        sides = []
        for size, kernel, stride in zip(reversed(self.sizes), self.kernel_size, self.stride, strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            sides += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, sides), self.weight, self.bias, self.stride)


class ResNet8(nn.Module):
    """MLPerf Tiny's ResNet-8: batch norms behind biased convolutions, shortcuts by convolution."""

    def __init__(self):
        super().__init__()
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        plan = (
            *((3, 16, 3, 1, 32), (16, 16, 3, 1, 32), (16, 16, 3, 1, 32)),
            *((16, 32, 3, 2, 32), (32, 32, 3, 1, 16), (16, 32, 1, 2, 32)),
            *((32, 64, 3, 2, 16), (64, 64, 3, 1, 8), (32, 64, 1, 2, 16)),
        )
        for inputs, outputs, kernel, stride, size in plan:
            conv = TensorFlowConv(inputs, outputs, kernel, stride)
            conv.sizes = (size, size)
            self.convs.append(conv)
        self.norms.extend(nn.BatchNorm2d(n, eps=1e-3) for n in (16, 16, 16, 32, 32, 64, 64))
        self.dense = nn.Linear(64, 10)

    def forward(self, x):
        conv, norm = self.convs, self.norms
        x = F.relu(norm[0](conv[0](x)))
        y = norm[2](conv[2](F.relu(norm[1](conv[1](x)))))
        x = F.relu(x + y)
        y = norm[4](conv[4](F.relu(norm[3](conv[3](x)))))
        x = F.relu(conv[5](x) + y)
        y = norm[6](conv[7](F.relu(norm[5](conv[6](x)))))
        x = F.relu(conv[8](x) + y)
        return self.dense(F.avg_pool2d(x, 8).flatten(1))


ZOO = {
    "vgg": vgg,
    "resnet": ResNet,
    "mobilenet-v2": MobileNetV2,
    "u-net": UNet,
    "u-net bilinear": lambda: UNet("bilinear"),
    "u-net nearest": lambda: UNet("nearest"),
    "pre-activation": PreActResNet,
    "densenet": DenseNet,
    "shufflenet": ShuffleNet,
    "two heads": TwoHeads,
    "dict of heads": lambda: TwoHeads(("label", "box")),
    "standardised": Standardised,
    "mixer": MLPMixer,
    "shape dependent": ShapeDependent,
}


def trained(name: str, seed: int = 0) -> nn.Module:
    """A network of the zoo whose norms have seen data and have parameters of their own."""
    torch.manual_seed(seed)
    model = ZOO[name]() if name in ZOO else name()
    for norm in (each for each in model.modules() if isinstance(each, nn.BatchNorm2d)):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.3, 0.3)
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(pictures(32, seed + 1))
    return model.eval()


def pictures(samples: int, seed: int = 0) -> Tensor:
    """Smooth pictures in [0, 1], 3×16×16."""
    generator = torch.Generator().manual_seed(seed)
    x = F.interpolate(torch.rand(samples, 3, 5, 5, generator=generator), size=(16, 16), mode="bilinear")
    return x


def row(outputs) -> Tensor:
    """Outputs of any form as one row for each sample."""
    parts = outputs.values() if isinstance(outputs, dict) else outputs if isinstance(outputs, tuple) else (outputs,)
    return torch.cat([each.flatten(1) for each in parts], 1)


def resnet20(data: str) -> nn.Module:
    """With the weights that were trained elsewhere."""
    model = ResNet20()
    with np.load(Path(data) / "models" / "resnet20_cifar10.npz") as weights:
        model.load_state_dict({name: torch.tensor(weights[name]) for name in weights.files})
    return model.eval()


def resnet8(data: str) -> nn.Module:
    """Keras keeps kernels height, width, inputs, outputs."""
    model = ResNet8()
    with np.load(Path(data) / "models" / "mlperf_resnet8_cifar10.npz") as file:
        arrays = {name: torch.tensor(file[name]) for name in file.files if file[name].dtype.kind == "f"}
    for number, conv in enumerate(model.convs):
        name = f"conv2d_{number}" if number else "conv2d"
        conv.weight.data, conv.bias.data = arrays[f"{name}.kernel"].permute(3, 2, 0, 1), arrays[f"{name}.bias"]
    for number, norm in enumerate(model.norms):
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        norm.weight.data, norm.bias.data = arrays[f"{name}.gamma"], arrays[f"{name}.beta"]
        norm.running_mean, norm.running_var = arrays[f"{name}.moving_mean"], arrays[f"{name}.moving_variance"]
    model.dense.weight.data, model.dense.bias.data = arrays["dense.kernel"].T, arrays["dense.bias"]
    return model.eval()


def cifar(data: str, standardised: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Training and test pictures as a network wants them, and the test labels."""
    with np.load(Path(data) / "cifar10_lossless_5k.npz") as file:
        train, test = (torch.tensor(file[name]).permute(0, 3, 1, 2).float() for name in ("x_train", "x_test"))
        labels = torch.tensor(file["y_test"]).long()
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (*((x / 255 - mean) / std if standardised else x for x in (train, test)), labels)
