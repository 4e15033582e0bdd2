"""What a user of a method should cite: one table. Entries say no more than is known for certain.

``title`` is the paper's own where it is in quotation marks in our sources, otherwise what the paper is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from picojoule.base.errors import InputError


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One publication: ``authors`` as BibTeX has them, ``eprint`` an arXiv number, ``venue`` where it appeared."""

    authors: str
    title: str
    year: int
    venue: str = ""
    eprint: str = ""

    def bibtex(self, key: str) -> str:
        """The entry in BibTeX."""
        fields = {
            "author": self.authors,
            "title": f"{{{self.title}}}",
            "year": str(self.year),
            "howpublished": self.venue,
            "eprint": self.eprint,
            "archiveprefix": "arXiv" if self.eprint else "",
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@misc{{{key},", *lines, "}"])


BIBLIOGRAPHY: dict[str, Entry] = {
    "rueckauer2017": Entry(
        "Rueckauer, Bodo and Lungu, Iulia-Alexandra and Hu, Yuhuang and Pfeiffer, Michael and Liu, Shih-Chii",
        "Conversion of Continuous-Valued Deep Networks to Efficient Event-Driven Networks for Image Classification",
        2017,
        "Frontiers in Neuroscience",
    ),
    "li2021": Entry(
        "Li, Yuhang and Deng, Shikuang and Dong, Xin and Gong, Ruihao and Gu, Shi",
        "A free lunch from ANN: towards efficient, accurate spiking neural networks calibration",
        2021,
        "ICML",
        "2106.06984",
    ),
    "bu2022": Entry(
        "Bu, Tong and others",
        "Optimized potential initialization for low-latency spiking neural networks",
        2022,
        "AAAI",
    ),
    "bu2022clip": Entry(
        "Bu, Tong and Fang, Wei and Ding, Jianhao and Dai, PengLin and Yu, Zhaofei and Huang, Tiejun",
        "Optimal ANN-SNN Conversion for High-accuracy and Ultra-low-latency Spiking Neural Networks",
        2022,
        "ICLR",
    ),
    "wang2022": Entry(
        "Wang, Yuchen and Zhang, Malu and Chen, Yi and Qu, Hong",
        "Signed Neuron with Memory: Towards Simple, Accurate and High-Efficient ANN-SNN Conversion",
        2022,
        "IJCAI",
    ),
    "wu2021tandem": Entry(
        "Wu, Jibin and Chua, Yansong and Zhang, Malu and Li, Guoqi and Li, Haizhou and Tan, Kay Chen",
        "A Tandem Learning Rule for Effective Training and Rapid Inference of Deep Spiking Neural Networks",
        2021,
        "IEEE Transactions on Neural Networks and Learning Systems",
    ),
    "kim2018": Entry("Kim, Jaehyun and others", "Deep neural networks with weighted spikes", 2018, "Neurocomputing"),
    "horowitz2014": Entry("Horowitz, Mark", "Computing's energy problem (and what we can do about it)", 2014, "ISSCC"),
    "davies2018": Entry(
        "Davies, Mike and others", "Loihi: a neuromorphic manycore processor with on-chip learning", 2018, "IEEE Micro"
    ),
    "steele2014": Entry(
        "Steele Jr., Guy L. and Lea, Doug and Flood, Christine H.",
        "Fast splittable pseudorandom number generators",
        2014,
        "OOPSLA",
    ),
    "park2019": Entry(
        "Park, Seongsik and Kim, Seijoon and Choe, Hyeokjun and Yoon, Sungroh",
        "Fast and efficient information transmission with burst spikes in deep spiking neural networks",
        2019,
        "DAC",
        "1809.03142",
    ),
    "park2020": Entry(
        "Park, Seongsik and Kim, Seijoon and Na, Byunggook and Yoon, Sungroh",
        "T2FSNN: Deep Spiking Neural Networks with Time-to-first-spike Coding",
        2020,
        "DAC",
        "2003.11741",
    ),
    "park2021ttfs": Entry(
        "Park, Seongsik and Yoon, Sungroh",
        "Training deep spiking networks with time-to-first-spike coding",
        2021,
        "",
        "2106.02568",
    ),
    "park2021noise": Entry(
        "Park, Seongsik and others",
        "Noise-robust deep spiking networks with temporal information",
        2021,
        "DAC",
        "2104.11169",
    ),
    "kim2020yolo": Entry(
        "Kim, Seijoon and Park, Seongsik and Na, Byunggook and Yoon, Sungroh",
        "Spiking-YOLO: object detection with deep spiking networks",
        2020,
        "AAAI",
        "1903.06530",
    ),
    "kim2021yolo": Entry(
        "Kim, Seijoon and Park, Seongsik and Na, Byunggook and Kim, Jongwan and Yoon, Sungroh",
        "Towards fast and accurate object detection in bio-inspired spiking neural networks through Bayesian"
        " optimization",
        2021,
        "IEEE Access",
    ),
    "everingham2010": Entry(
        "Everingham, Mark and Van Gool, Luc and Williams, Christopher K. I. and Winn, John and Zisserman, Andrew",
        "The PASCAL visual object classes (VOC) challenge",
        2010,
        "International Journal of Computer Vision",
    ),
    "lin2014": Entry(
        "Lin, Tsung-Yi and others",
        "Microsoft COCO: common objects in context",
        2014,
        "ECCV",
        "1405.0312",
    ),
    "redmon2017": Entry(
        "Redmon, Joseph and Farhadi, Ali",
        "YOLO9000: better, faster, stronger",
        2017,
        "CVPR",
        "1612.08242",
    ),
    "na2022": Entry(
        "Na, Byunggook and Mok, Jisoo and Park, Seongsik and Lee, Dongjin and Choe, Hyeokjun and Yoon, Sungroh",
        "AutoSNN: energy-efficient spiking networks by architecture search",
        2022,
        "ICML",
        "2201.12738",
    ),
    "lee2021": Entry(
        "Lee, Dongjin and others",
        "Energy-efficient knowledge distillation for spiking networks",
        2021,
        "",
        "2106.07172",
    ),
    "park2016": Entry(
        "Park, Seongsik and Lee, Sang-gil and Nam, Hyunha and Yoon, Sungroh",
        "An Efficient Approach to Boosting Performance of Deep Spiking Network Training",
        2016,
        "",
        "1611.02416",
    ),
    "oconnor2016": Entry("O'Connor, Peter and Welling, Max", "Deep Spiking Networks", 2016, "", "1602.08323"),
    "stoeckl2021": Entry(
        "Stöckl, Christoph and Maass, Wolfgang",
        "Optimized spiking neurons can classify images with high accuracy through temporal coding with two spikes",
        2021,
        "Nature Machine Intelligence 3",
        "2002.00860",
    ),
    "jeong2024": Entry(
        "Jeong, D. and others",
        "Few-spikes neurons with tendency-based parameter initialisation",
        2024,
        "",
        "2409.00044",
    ),
    "park2018qmann": Entry(
        "Park, Seongsik and others", "Quantized memory-augmented neural networks", 2018, "AAAI", "1711.03712"
    ),
    "sukhbaatar2015": Entry(
        "Sukhbaatar, Sainbayar and Szlam, Arthur and Weston, Jason and Fergus, Rob",
        "End-To-End Memory Networks",
        2015,
        "NeurIPS",
        "1503.08895",
    ),
    "weston2015": Entry(
        "Weston, Jason and others",
        "Towards AI-Complete Question Answering: A Set of Prerequisite Toy Tasks",
        2015,
        "",
        "1502.05698",
    ),
    "park2019mann": Entry(
        "Park, Seongsik and others",
        "Energy-efficient inference accelerator for memory-augmented networks on an FPGA",
        2019,
        "DATE",
        "1805.07978",
    ),
    "choe2017": Entry(
        "Choe, Hyeokjun and others",
        "Near-data processing for learning: SGD inside an SSD (ISP-ML)",
        2017,
        "MSST",
        "1610.02273",
    ),
    "na2021phones": Entry(
        "Na, Byunggook and others", "Synchronous training on a cluster of smartphones", 2021, "", "2110.12172"
    ),
    "you2017": Entry(
        "You, Yang and Gitman, Igor and Ginsburg, Boris",
        "Large batch training of convolutional networks",
        2017,
        "",
        "1708.03888",
    ),
    "e2vsde2022": Entry("{see arXiv}", "Events to video by a latent neural SDE (withdrawn)", 2022, "", "2206.07578"),
    "simfle2023": Entry(
        "Moon, Jiyong and Jang, Hyeryung and Park, Seongsik",
        "SimFLE: simple facial landmark encoding for self-supervised facial expression recognition in the wild",
        2024,
        "IEEE Transactions on Affective Computing",
        "2303.07648",
    ),
    "grill2020": Entry(
        "Grill, Jean-Bastien and others",
        "Bootstrap your own latent: a new approach to self-supervised learning",
        2020,
        "NeurIPS",
        "2006.07733",
    ),
    "he2022mae": Entry(
        "He, Kaiming and Chen, Xinlei and Xie, Saining and Li, Yanghao and Dollár, Piotr and Girshick, Ross",
        "Masked autoencoders are scalable vision learners",
        2022,
        "CVPR",
        "2111.06377",
    ),
    "zheng2019dbt": Entry(
        "Zheng, Heliang and Fu, Jianlong and Zha, Zheng-Jun and Luo, Jiebo",
        "Learning deep bilinear transformation for fine-grained image representation",
        2019,
        "NeurIPS",
        "1911.03621",
    ),
    "li2017rafdb": Entry(
        "Li, Shan and Deng, Weihong and Du, JunPing",
        "Reliable crowdsourcing and deep locality-preserving learning for expression recognition in the wild",
        2017,
        "CVPR",
    ),
    "barsoum2016": Entry(
        "Barsoum, Emad and Zhang, Cha and Canton Ferrer, Cristian and Zhang, Zhengyou",
        "Training deep networks for facial expression recognition with crowd-sourced label distribution",
        2016,
        "ICMI",
        "1608.01041",
    ),
    "mollahosseini2019": Entry(
        "Mollahosseini, Ali and Hasani, Behzad and Mahoor, Mohammad H.",
        "AffectNet: a database for facial expression, valence, and arousal computing in the wild",
        2019,
        "IEEE Transactions on Affective Computing",
        "1708.03985",
    ),
    "dhall2011": Entry(
        "Dhall, Abhinav and Goecke, Roland and Lucey, Simon and Gedeon, Tom",
        "Static facial expression analysis in tough conditions: data, evaluation protocol and benchmark",
        2011,
        "ICCV Workshops",
    ),
    "li2022": Entry(
        "Li, Yanghao and others",
        "MViTv2: Improved Multiscale Vision Transformers for Classification and Detection",
        2022,
        "CVPR",
        "2112.01526",
    ),
    "li2020sde": Entry(
        "Li, Xuechen and Wong, Ting-Kam Leonard and Chen, Ricky T. Q. and Duvenaud, David",
        "Scalable Gradients for Stochastic Differential Equations",
        2020,
        "AISTATS",
        "2001.01328",
    ),
    "park2021vidode": Entry(
        "Park, Sunghyun and others",
        "Vid-ODE: Continuous-Time Video Generation with Neural Ordinary Differential Equation",
        2021,
        "AAAI",
        "2010.08188",
    ),
    "rebecq2018": Entry(
        "Rebecq, Henri and Gehrig, Daniel and Scaramuzza, Davide", "ESIM: an Open Event Camera Simulator", 2018, "CoRL"
    ),
    "rebecq2019": Entry(
        "Rebecq, Henri and Ranftl, René and Koltun, Vladlen and Scaramuzza, Davide",
        "High Speed and High Dynamic Range Video with an Event Camera",
        2019,
        "IEEE TPAMI",
        "1906.07165",
    ),
    "scheerlinck2020": Entry(
        "Scheerlinck, Cedric and others", "Fast Image Reconstruction with an Event Camera", 2020, "WACV"
    ),
    "stoffregen2020": Entry(
        "Stoffregen, Timo and others", "Reducing the Sim-to-Real Gap for Event Cameras", 2020, "ECCV", "2003.09078"
    ),
    "weng2021": Entry(
        "Weng, Wenming and others", "Event-based Video Reconstruction Using Transformer (ET-Net)", 2021, "ICCV"
    ),
    "ercan2023": Entry(
        "Ercan, Burak and others", "EVREAL: evaluation of event-based video reconstruction", 2023, "CVPRW", "2305.00434"
    ),
    "v2v2025": Entry("{see arXiv}", "From video frames straight to voxel grids (V2V)", 2025, "", "2505.16797"),
    "wang2004": Entry(
        "Wang, Zhou and Bovik, Alan C. and Sheikh, Hamid R. and Simoncelli, Eero P.",
        "Image quality assessment: from error visibility to structural similarity",
        2004,
        "IEEE Transactions on Image Processing",
    ),
    "zhang2018lpips": Entry(
        "Zhang, Richard and others",
        "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
        2018,
        "CVPR",
        "1801.03924",
    ),
    "m2former2023": Entry(
        "{see arXiv}", "Multi-scale patch selection for fine-grained recognition (M2Former)", 2023, "", "2308.02161"
    ),
    "zhou2022": Entry(
        "Zhou, Wenxuan and Chen, Muhao",
        "An improved baseline for sentence-level relation extraction",
        2022,
        "AACL",
        "2102.01373",
    ),
    "xu2020": Entry(
        "Xu, Benfeng and others",
        "Curriculum learning for natural language understanding",
        2020,
        "ACL",
    ),
    "bojanowski2017": Entry(
        "Bojanowski, Piotr and Grave, Edouard and Joulin, Armand and Mikolov, Tomas",
        "Enriching word vectors with subword information",
        2017,
        "TACL",
        "1607.04606",
    ),
    "hendrickx2010": Entry(
        "Hendrickx, Iris and others",
        "SemEval-2010 task 8: multi-way classification of semantic relations between pairs of nominals",
        2010,
        "SemEval",
    ),
    "zhang2017": Entry(
        "Zhang, Yuhao and Zhong, Victor and Chen, Danqi and Angeli, Gabor and Manning, Christopher D.",
        "Position-aware attention and supervised data improve slot filling",
        2017,
        "EMNLP",
    ),
    "stoica2021": Entry(
        "Stoica, George and Platanios, Emmanouil Antonios and Poczos, Barnabas",
        "Re-TACRED: addressing shortcomings of the TACRED dataset",
        2021,
        "AAAI",
        "2104.08398",
    ),
    "han2018": Entry(
        "Han, Xu and others",
        "FewRel: a large-scale supervised few-shot relation classification dataset",
        2018,
        "EMNLP",
        "1810.10147",
    ),
    "efron1979": Entry(
        "Efron, Bradley", "Bootstrap methods: another look at the jackknife", 1979, "The Annals of Statistics"
    ),
    "curriculum2021": Entry("{see arXiv}", "Relation extraction through curriculum learning", 2021, "", "2107.09332"),
    "dualpointer2021": Entry(
        "{see arXiv}", "Dual pointer network for many relations in a sentence", 2021, "", "2103.03509"
    ),
}


def bibtex(keys: tuple[str, ...]) -> str:
    """BibTeX of the named entries, each once, in order.

    Raises:
        InputError: an unknown key.
    """
    unknown = [key for key in keys if key not in BIBLIOGRAPHY]
    if unknown:
        raise InputError(
            f"no entry {', '.join(unknown)}", where="bibliography", remedy="add it to picojoule/base/bibliography.py"
        )
    return "\n\n".join(BIBLIOGRAPHY[key].bibtex(key) for key in dict.fromkeys(keys))
