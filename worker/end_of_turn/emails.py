"""Hears whether an e-mail address has reached its end, written or spelled out ("ravi at gmail dot com")."""

from collections.abc import Sequence, Set

from worker.end_of_turn.lexicon import mail_words

_LONGEST_SPELLING_WORDS = 14
_SHORTEST_SPELLING_WORDS = 4  # ravi at gmail (dot) com


def is_whole_email(words: Sequence[str]) -> bool:
    """`…@host.tld` as one word, or `… at host dot tld` spelled out to its end."""
    if not words:
        return False
    mail = mail_words()
    local, at, host = words[-1].rpartition("@")
    if at:
        return bool(local) and host.rpartition(".")[0] != "" and host.rpartition(".")[2] in mail["ends"]
    name, dot, end = words[-1].rpartition(".")
    if dot and name and end in mail["ends"]:
        return bool(mail["at"].intersection(words[-_SHORTEST_SPELLING_WORDS:]))
    spelled_end = len(words) >= _SHORTEST_SPELLING_WORDS and words[-1] in mail["ends"] and words[-2] in mail["dot"]
    return spelled_end and bool(mail["at"].intersection(words))


def is_partial_email(words: Sequence[str], topic_words: Set[str], *, asked: bool) -> bool:
    """An address has been begun or announced and has not ended.

    Args:
        topic_words: Words for "e-mail" in the languages in use.
        asked: The agent has just asked for an address, so that a bare "ravi dot kumar" is one.
    """
    if not words:
        return False
    mail = mail_words()
    if "@" in words[-1] or words[-1] in mail["dot"]:
        return True
    if words[-1] in mail["hosts"] and len(words) > 1 and words[-2] in mail["at"]:
        return True
    mentioned = max((place for place, word in enumerate(words) if word in topic_words), default=None)
    if mentioned is None and not asked:
        return False
    if words[-1] in mail["joins"]:
        return True
    spelled = words[mentioned + 1 :] if mentioned is not None else words
    if len(spelled) > _LONGEST_SPELLING_WORDS:
        return False
    return _announced(words, spelled) or _spelling(spelled)


def _announced(words: Sequence[str], spelled: Sequence[str]) -> bool:
    mail = mail_words()
    said_so = not spelled or bool(mail["announces"].intersection(spelled[:2]))
    return said_so and bool(spelled) and words[0] not in mail["asking"] and not mail["ends"].intersection(spelled)


def _spelling(spelled: Sequence[str]) -> bool:
    mail = mail_words()
    begun = bool(mail["dot"].intersection(spelled)) or (bool(spelled) and spelled[-1] in mail["at"])
    return begun and not (mail["ends"].intersection(spelled) and mail["at"].intersection(spelled))
