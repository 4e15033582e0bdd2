"""Networks for text."""

from picojoule.models.language.sentence_encoder import SentenceEncoder, load_sentence_encoder
from picojoule.models.language.word_piece import WordPiece

__all__ = ["SentenceEncoder", "WordPiece", "load_sentence_encoder"]
