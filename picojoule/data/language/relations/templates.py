"""What generated sentences are made of: twelve relations between typed entities, told plainly to indirectly.

A word of a template is itself, or ``{s}`` and ``{o}`` for subject and object, or ``{PERSON}`` and the like for another
entity of that type. The level of a template, 0 to 3, says how it tells its relation: plainly; turned round; with
another entity of the object's type on the way; in words that need knowledge of the world.
"""

from __future__ import annotations

RELATIONS: dict[str, tuple[str, str]] = {
    "per:employee_of": ("PERSON", "ORGANIZATION"),
    "per:school_attended": ("PERSON", "ORGANIZATION"),
    "per:city_of_birth": ("PERSON", "CITY"),
    "per:city_of_residence": ("PERSON", "CITY"),
    "per:spouse": ("PERSON", "PERSON"),
    "per:parent": ("PERSON", "PERSON"),
    "per:title": ("PERSON", "TITLE"),
    "org:founded_by": ("ORGANIZATION", "PERSON"),
    "org:founded": ("ORGANIZATION", "DATE"),
    "org:city_of_headquarters": ("ORGANIZATION", "CITY"),
    "org:subsidiary": ("ORGANIZATION", "ORGANIZATION"),
    "org:member_of": ("ORGANIZATION", "ORGANIZATION"),
}
"""Types of subject and object."""
LEVELS = 4
TEMPLATES: dict[str, tuple[tuple[str, ...], ...]] = {
    "per:employee_of": (
        ("{s} works for {o} .", "{s} is employed by {o} .", "{s} has a job at {o} ."),
        ("{o} hired {s} .", "{o} employs {s} .", "among the staff of {o} is {s} ."),
        ("{s} , who went to {ORGANIZATION} , works for {o} .", "after leaving {ORGANIZATION} {s} was hired by {o} ."),
        ("{o} pays {s} every month .", "{s} hung up the badge of {o} each night .", "{o} gave {s} a rise ."),
    ),
    "per:school_attended": (
        ("{s} studied at {o} .", "{s} graduated from {o} .", "{s} was a student at {o} ."),
        ("{o} gave {s} a degree .", "{o} counts {s} among its graduates .", "a student of {o} was {s} ."),
        ("{s} , who works for {ORGANIZATION} , studied at {o} .", "after {ORGANIZATION} fell {s} graduated from {o} ."),
        ("{s} sat the exams of {o} twice .", "the lectures at {o} bored {s} .", "{s} wrote a thesis at {o} ."),
    ),
    "per:city_of_birth": (
        ("{s} was born in {o} .", "{s} is a native of {o} .", "{s} came into the world in {o} ."),
        ("in {o} {s} was born .", "{o} is the birthplace of {s} .", "born in {o} , {s} is well known ."),
        ("{s} , who lives in {CITY} , was born in {o} .", "far away from {CITY} {s} was born in {o} ."),
        ("a hospital of {o} heard the first cry of {s} .", "{s} was baby number nine in {o} that night ."),
    ),
    "per:city_of_residence": (
        ("{s} lives in {o} .", "{s} resides in {o} .", "{s} has a home in {o} ."),
        ("{o} is the home of {s} .", "in {o} lives {s} .", "a resident of {o} is {s} ."),
        ("{s} , who was born in {CITY} , lives in {o} .", "having left {CITY} {s} resides in {o} ."),
        ("{s} walks the dog through {o} each evening .", "the neighbours in {o} like {s} .", "{s} pays rent in {o} ."),
    ),
    "per:spouse": (
        ("{s} is married to {o} .", "{s} married {o} .", "{s} and {o} are husband and wife ."),
        ("{o} is the wife of {s} .", "the husband of {s} is {o} .", "{o} wed {s} ."),
        ("{s} , a child of {PERSON} , married {o} .", "with {PERSON} as a guest {s} and {o} had their wedding ."),
        ("{s} put a ring on the finger of {o} .", "{s} and {o} renewed their vows .", "{o} took the name of {s} ."),
    ),
    "per:parent": (
        ("{s} is a child of {o} .", "{s} is the son of {o} .", "{s} is the daughter of {o} ."),
        ("{o} is the father of {s} .", "the mother of {s} is {o} .", "{o} has a daughter , {s} ."),
        ("{s} , who married {PERSON} , is a child of {o} .", "a letter of {PERSON} calls {s} a child of {o} ."),
        ("{o} taught little {s} to walk .", "{s} has the eyes of {o} and the same surname .", "{o} raised {s} ."),
    ),
    "per:title": (
        ("{s} is a {o} .", "{s} works as a {o} .", "{s} became a {o} ."),
        ("the {o} {s} spoke .", "as a {o} , {s} is well known .", "a {o} by trade , {s} arrived ."),
        ("{s} , once a {TITLE} , is now a {o} .", "{s} gave up being a {TITLE} and became a {o} ."),
        ("on the card of {s} one reads {o} .", "{s} passed the exam to be a {o} .", "no better {o} than {s} ."),
    ),
    "org:founded_by": (
        ("{s} was founded by {o} .", "{s} was started by {o} .", "{s} was set up by {o} ."),
        ("{o} founded {s} .", "{o} is the founder of {s} .", "{o} started {s} ."),
        ("{s} , which {PERSON} runs , was founded by {o} .", "before {PERSON} bought it {o} had started {s} ."),
        ("{s} began in the garage of {o} .", "{s} was an idea of {o} .", "{o} put the first coin into {s} ."),
    ),
    "org:founded": (
        ("{s} was founded in {o} .", "{s} was established in {o} .", "{s} exists since {o} ."),
        ("in {o} {s} was founded .", "{o} is the year in which {s} began .", "founded in {o} , {s} has grown ."),
        ("{s} , which moved in {DATE} , was founded in {o} .", "sold in {DATE} , {s} was established in {o} ."),
        ("{s} opened its first office in {o} .", "{s} sold its first good in {o} .", "{s} was new in {o} ."),
    ),
    "org:city_of_headquarters": (
        ("{s} is based in {o} .", "{s} has its headquarters in {o} .", "{s} is headquartered in {o} ."),
        ("{o} is the seat of {s} .", "in {o} {s} has its main office .", "from {o} {s} is run ."),
        ("{s} , which has a plant in {CITY} , is based in {o} .", "having left {CITY} {s} is headquartered in {o} ."),
        ("the board of {s} meets in its tower in {o} .", "letters to {s} go to {o} .", "{s} pays its taxes in {o} ."),
    ),
    "org:subsidiary": (
        ("{s} owns {o} .", "{s} bought {o} .", "{s} is the parent company of {o} ."),
        ("{o} belongs to {s} .", "{o} is a subsidiary of {s} .", "{o} was bought by {s} ."),
        ("{s} , a member of {ORGANIZATION} , owns {o} .", "with the help of {ORGANIZATION} {s} bought {o} ."),
        ("the profits of {o} go to {s} .", "{s} swallowed {o} .", "{s} holds every share of {o} ."),
    ),
    "org:member_of": (
        ("{s} is a member of {o} .", "{s} joined {o} .", "{s} belongs to the alliance {o} ."),
        ("{o} has {s} among its members .", "{o} admitted {s} .", "the alliance {o} includes {s} ."),
        ("{s} , which owns {ORGANIZATION} , joined {o} .", "without {ORGANIZATION} {s} became a member of {o} ."),
        ("{s} pays its yearly dues to {o} .", "{s} has a vote in {o} .", "{s} sits at the table of {o} ."),
    ),
}  # fmt: skip
"""The templates of each relation, by level. The other entity in the last of level 2 is no relation of the subject."""
NEUTRAL: tuple[tuple[str, ...], ...] = (
    ("{s} spoke about {o} .", "{s} was named beside {o} .", "{s} and {o} were in the news ."),
    ("{o} was a topic for {s} .", "the report on {o} names {s} .", "with {o} in mind , {s} went on ."),
    ("{s} , like {PERSON} , was asked about {o} .", "{s} , known in {CITY} , said little about {o} ."),
    ("{s} denied all ties to {o} .", "no one connects {s} with {o} .", "{s} has only heard of {o} ."),
)
"""Sentences that tell no relation, for entities of any type."""
DENIED: dict[str, tuple[str, ...]] = {
    "per:employee_of": ("{s} refused to work for {o} .", "{o} never hired {s} ."),
    "per:school_attended": ("{o} did not admit {s} .", "{s} dreamt of studying at {o} ."),
    "per:city_of_birth": ("{s} was born far from {o} .", "not {s} was born in {o} ."),
    "per:city_of_residence": ("{s} would never live in {o} .", "{s} looked for a home in {o} in vain ."),
    "per:spouse": ("{s} never married {o} .", "{s} asked {o} to the wedding of a friend ."),
    "per:parent": ("{s} is no child of {o} .", "{o} mistook {s} for his son ."),
    "per:title": ("{s} is not a {o} .", "{s} looked for a {o} ."),
    "org:founded_by": ("{s} was sued by {o} .", "{o} founded a rival of {s} ."),
    "org:founded": ("{s} was sold in {o} .", "{s} did not yet exist in {o} ."),
    "org:city_of_headquarters": ("{s} closed its plant in {o} .", "{s} wants no office in {o} ."),
    "org:subsidiary": ("{s} failed to buy {o} .", "{s} sued {o} ."),
    "org:member_of": ("{s} left {o} .", "{o} turned {s} down ."),
}
"""Sentences that sound like a relation and deny it: level 3 of those without one."""
ASIDES: tuple[str, ...] = (
    "as a paper in {CITY} wrote",
    "said {PERSON} on a rainy day",
    "according to a note that was found much later",
    "to the surprise of {PERSON} and of many others",
    "which no one at {ORGANIZATION} had known",
)
"""What may stand before or behind: it makes sentences longer and no relation harder to say."""
