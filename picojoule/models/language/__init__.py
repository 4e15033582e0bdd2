"""Networks for text."""

from picojoule.models.language.pretrained import SentenceStates, load_hugging_face, sentence_encoding
from picojoule.models.language.relation_classifier import RelationClassifier
from picojoule.models.language.sentence_encoder import SentenceEncoder, load_sentence_encoder
from picojoule.models.language.small_encoders import LSTMEncoder, SmallTransformer
from picojoule.models.language.word_piece import WordPiece

__all__ = [
    "LSTMEncoder",
    "RelationClassifier",
    "SentenceEncoder",
    "SentenceStates",
    "SmallTransformer",
    "WordPiece",
    "load_hugging_face",
    "load_sentence_encoder",
    "sentence_encoding",
]
