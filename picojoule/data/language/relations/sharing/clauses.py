"""What clauses look like. ``S`` and ``O`` stand for one name or several, ``a|b`` for forms by the number of the first.

In a relation's clauses every S stands in the relation to every O. ``P``, ``Q``, ``L``, ``M``, ``X``, ``Y`` and ``D``
are single names: people, places, organisations and others.
"""

from __future__ import annotations

from picojoule.data.language.relations.sharing.names import ORGANISATION, OTHER, PERSON, PLACE

ARGUMENTS: dict[str, tuple[str, str]] = {
    "Kill": (PERSON, PERSON),
    "Live_In": (PERSON, PLACE),
    "Located_In": (PLACE, PLACE),
    "OrgBased_In": (ORGANISATION, PLACE),
    "Work_For": (PERSON, ORGANISATION),
}
"""Types of subject and object, as CoNLL04 has them."""

RELATED: dict[str, tuple[str, ...]] = {
    "Kill": (
        "S killed O", "S shot O", "S murdered O in a quarrel", "S stabbed O to death", "O was|were killed by S",
        "O was|were shot dead by S", "the murder of O by S shocked everyone", "S assassinated O",
        "police say that S killed O", "S is|are accused of killing O", "O died when S opened fire",
        "S fatally shot O", "S , the killer of O ,", "S was|were convicted of murdering O", "S , who shot O ,",
        "O , murdered by S ,", "S , assassin of O ,", "a bullet fired by S killed O",
    ),
    "Live_In": (
        "S lives|live in O", "S of O", "S , a resident of O ,", "S was|were born in O", "S grew up in O",
        "O is home to S", "S moved to O and stayed there", "S has|have lived in O for years", "O native S",
        "S , who lives|live in O ,", "S , from O ,", "O resident S", "S settled in O",
    ),
    "Located_In": (
        "S is|are in O", "S lies|lie in O", "S , a town in O ,", "S is|are located in O", "O includes|include S",
        "in O , near S", "S , in the north of O ,", "S is|are part of O", "O contains|contain S", "S ( O )",
        "S , O ,", "S in central O", "O 's S", "the S area of O", "S , the capital of O ,", "S , O", "S in O",
    ),
    "OrgBased_In": (
        "S is|are based in O", "S of O", "S has|have its headquarters in O", "O - based S", "S , based in O ,",
        "S , headquartered in O ,", "O is home to S", "S moved its head office to O", "S operates|operate from O",
        "S was|were founded in O", "the O offices of S", "S in O", "the S in O", "S ( O )", "O 's S",
        "S , a company in O ,", "S of O , which makes shoes ,", "S has|have been in O since the war", "O : S",
    ),
    "Work_For": (
        "S works|work for O", "S joined O", "O hired S", "S , who works|work for O ,", "S is|are employed by O",
        "S , president of O ,", "O spokesman S", "S of O", "S heads|head O", "O employs|employ S",
        "S , a manager at O ,", "S is|are on the staff of O", "S , an analyst with O ,", "O , led by S ,",
        "S was|were appointed chairman of O", "S works|work at O", "S , a spokesman for O ,", "O President S",
        "O director S", "S , who leads|lead O ,", "S , the O reporter ,", "S , O vice president ,", "O 's S",
        "S , head of O ,", "S , an official of O ,", "S , chief executive of O ,", "S serves|serve in O",
    ),
}  # fmt: skip
"""Clauses of each relation."""

BOTH: tuple[tuple[str, dict[str, str]], ...] = (
    ("P of L works for X", {"Live_In": "PL", "Work_For": "PX"}),
    ("P , who lives in L , works for X", {"Live_In": "PL", "Work_For": "PX"}),
    ("P works for X and lives in L", {"Live_In": "PL", "Work_For": "PX"}),
    ("L resident P joined X", {"Live_In": "PL", "Work_For": "PX"}),
    ("P , president of X , was born in L", {"Live_In": "PL", "Work_For": "PX"}),
    ("P of X , a company based in L ,", {"Work_For": "PX", "OrgBased_In": "XL"}),
    ("P works for X in L", {"Work_For": "PX", "OrgBased_In": "XL"}),
    ("P , from L , killed Q", {"Live_In": "PL", "Kill": "PQ"}),
    ("X is based in L , M ,", {"OrgBased_In": "XL XM", "Located_In": "LM"}),
    ("P lives in L , M ,", {"Live_In": "PL PM", "Located_In": "LM"}),
)
"""Clauses in which a name is an argument of two relations."""

APART: tuple[tuple[str, str, str], ...] = (
    ("Work_For", "PX QY", "P and Q work for X and Y respectively"),
    ("Work_For", "PX QY", "P joined X and Q joined Y"),
    ("Work_For", "PX QY", "X hired P , Y hired Q"),
    ("Live_In", "PL QM", "P and Q live in L and M respectively"),
    ("Live_In", "PL QM", "P lives in L and Q in M"),
    ("OrgBased_In", "XL YM", "X and Y are based in L and M respectively"),
    ("OrgBased_In", "XL YM", "X is based in L and Y in M"),
)
"""Clauses of two pairs that share nothing although they are named together."""

UNRELATED: tuple[str, ...] = (
    "P met Q", "P visited L", "P flew to L", "P criticised X", "P sued X", "P wrote to X about D", "P spoke of D",
    "X sold goods to Y", "X exports to L", "the road from L to M", "P left X on D", "it rained in L on D",
    "P and Q talked about X", "X lost a case against P", "L and M signed D", "P thanked Q", "P denied that X paid Q",
    "a flight from L to M was late", "Y offered to buy X", "voters in L chose P over Q", "P reported from L",
    "a book about P was sold in L", "X praised L", "Q , the brother of P ,", "D was held in L", "P won D",
)  # fmt: skip
"""Clauses in which nothing holds."""

SINGLE = {"P": PERSON, "Q": PERSON, "L": PLACE, "M": PLACE, "X": ORGANISATION, "Y": ORGANISATION, "D": OTHER}
"""Type of each single name."""

BEFORE = ("", "", "", "officials said", "according to reports ,", "yesterday", "it is known that", "they say that")
BETWEEN = (", and", "while", ";", ", but", "and", ". Meanwhile ,")
BEHIND = ("", "", "", "last year", "officials said", "for the first time", "sources said")
"""Words around clauses."""
