"""Drops what a model writes beside its reply: thoughts, tool calls written as text, stage directions.

Whole blocks go, from mark to mark, before anything else looks at the text. A block whose end never comes is
given up after `LONGEST_BLOCK_CHARS`, so that it cannot silence a long reply for ever; one still open when the text ends
is dropped.
"""

import re

from worker.spoken.forms import SpokenForms, spoken_forms

LONGEST_BLOCK_CHARS = 4000
_LONGEST_NAME_CHARS = 64

_NAMES = (
    "action", "action_input", "analysis", "antthinking", "function", "function_call", "function_calls",
    "function_response", "function_results", "inner_monologue", "internal", "internal_thought", "invoke",
    "observation", "parameter", "plan", "planning", "reasoning", "reflection", "scratchpad", "think", "thinking",
    "thought", "thought_process", "thoughts", "tool", "tool_call", "tool_calls", "tool_code", "tool_output",
    "tool_response", "tool_result", "tool_results", "tool_use",
)  # fmt: skip
_SPACE = r"(?:[A-Za-z]{1,20}:)?"  # whose name it is: MiniMax's, Seed's
_TAG = re.compile(
    rf"<({_SPACE}(?:{'|'.join(sorted(_NAMES, key=len, reverse=True))}))(?:[\s=:][^<>]{{0,200}})?>", re.IGNORECASE
)
_TAG_BEGUN = re.compile(r"<([A-Za-z_]{0,20})(?:[\s=:][^<>]{0,200})?$")
_SPACE_BEGUN = re.compile(r"<[A-Za-z]{1,20}(?::([A-Za-z_]{0,20})(?:[\s=][^<>]{0,200})?)?$")
_TOKEN = re.compile(r"<[|｜](tool[_▁]calls?(?:[_▁]section)?[_▁])begin[|｜]>")  # DeepSeek's and Kimi's
_TOKEN_BEGUN = re.compile(r"<[|｜][\w▁]{0,40}[|｜]?$")
_FENCED = (
    "bash|css|html|javascript|js|json|python|py|sh|shell|sql|tool_call|tool_calls|tool_code|tool_output|ts|typescript"
    "|xml|yaml|yml"
)
_FENCE = re.compile(rf"(```|~~~)(?:{_FENCED})\b")  # plain text in a fence is read out
_FENCE_BEGUN = re.compile(r"(?:`{1,2}|~{1,2}|(?:```|~~~)[a-z_]{0,12})$")
_JSON = re.compile(r"\[?\s?\{\s{0,8}[\"']")
_JSON_BEGUN = re.compile(r"\[\s?$|\[?\s?\{\s{0,8}$")
_CALLS_MARK = "[TOOL_CALLS]"
# What Mistral's models write between the mark and the arguments, or a list of calls.
_CALLED = re.compile(r"\[TOOL_CALLS\]\s?(?:[\w.-]{1,64}(?:\[CALL_ID\][\w-]{1,40})?(?:\[ARGS\])?\s?)?(?=\{|\[\s?\{)")
_CALLED_BEGUN = re.compile(r"\[TOOL_CALLS\]\s?[\w.-]{0,64}(?:\[\w{0,8}\]?[\w-]{0,40}){0,2}\s?(?:\[\s?)?$")
_CALL_NAME = re.compile(
    r"(?<![\w.])(?:[a-z]{2,30}(?:[A-Z][a-z0-9]{1,20}){1,4}"
    r"|(?=[a-z0-9]*[_.])(?:functions?\.)?[a-z][a-z0-9]*(?:_[a-z0-9]+)*|print)$"
)
_BRACKETS = re.compile(r"\\.|[\"{}()\[\]]")
_TRIGGER = re.compile(r"[<\[{(*`~◁【\n]|(?<!\w)_|(?<=\bto)=")
# A call to a tool as gpt-oss and its kin write it: the name behind "to=", then the arguments.
_ADDRESSED = re.compile(r"=(?:functions|browser|python|container)(?:\.\w{1,64})?(?:\s(?:code|json))?\s?(?=\{|$)")
_ADDRESSED_BEGUN = re.compile(r"=[\w.]{0,80}(?:\s[a-z]{0,4})?\s?$")
# Marks of chat templates: <|im_end|>, <|start|>assistant, <|channel|>final. What stands behind some is for the machine.
_TURN_MARKS = ("start_of_turn>", "end_of_turn>", "/s>", "s>", "pad>", "unk>", "bos>", "eos>")  # Gemma's and Llama's
_TURN_MARK = rf"(?:{'|'.join(_TURN_MARKS)})(?:(?<=start_of_turn>)(?:model|user))?"
_CHAT_MARK = re.compile(
    r"<(?:[|｜](?:(?:start|channel|message|constrain)[|｜]>[a-z]{0,20}|/?[\w▁]{1,40}[|｜]>)|0x[0-9A-F]{2}>|"
    rf"{_TURN_MARK})"
)
_CHAT_MARK_BEGUN = re.compile(
    r"<(?:[|｜](?:/?[\w▁]{0,40}[|｜]?|(?:start|channel|message|constrain)[|｜]>[a-z]{0,20})|start_of_turn>[a-z]{0,5}|0(?:x[0-9A-F]{0,2})?)$"
)
_TURN_MARK_BEGUN = re.compile(r"</?[a-z_]{0,13}$")
_CHAT_ASIDE = re.compile(r"<[|｜](?:channel[|｜]>(?:analysis|commentary)(?=\W)|python_tag[|｜]>)")
_CHAT_ASIDE_ENDS = re.compile(r"<[|｜](?:end|call|return|eom_id|eot_id|im_end)[|｜]>")
# What is thought or called between two marks: Command R's, and of models that were taught to think aloud.
_THOUGHTS = "think|thinking|thoughts?|reasoning|reflection|scratchpad"
_SPAN = re.compile(
    rf"<[|｜](?:(?:start_|begin_of_)({_THOUGHTS}|action|tool_calls?|tool_results?)|({_THOUGHTS}))[|｜]>", re.IGNORECASE
)
_PAIRS = (
    ("<!--", "-->"),
    ("◁think▷", "◁/think▷"),
    ("[INST]", "[/INST]"),
    ("[THINK]", "[/THINK]"),
)  # the last three: Kimi's, Llama's and Mistral's
_CITED = re.compile(r"【[^】\n]{0,80}】|\[\d{1,2}(?:, ?\d{1,2}){0,5}\](?!\()")
_CITED_BEGUN = re.compile(r"【[^】\n]{0,80}$|\[\d{1,2}(?:,[\d, ]{0,20})?\]?$")
_NOTE_NAMES = ("system", "note", "internal", "instruction", "context", "metadata", "debug")
_NOTE = re.compile(rf"\[(?:{'|'.join(_NOTE_NAMES)}):[^\[\]\n]{{0,300}}\]", re.IGNORECASE)
# A tool or a mark alone in brackets: [end_call], [DONE]; no link, which has its address behind it.
_TOOL_NAME = r"[a-z]{1,30}(?:_[a-z0-9]{1,30})+(?:\(\))?"
_MARKED = re.compile(
    rf"\[(?:{_TOOL_NAME}|DONE|END|EOS|END CALL|END OF CALL|/?(?:ASSISTANT|USER|SYSTEM))\](?!\()"
    rf"|\({_TOOL_NAME}\)|\*{{1,2}}{_TOOL_NAME}\*{{1,2}}"
)
_MARKED_BEGUN = re.compile(
    r"(?:\[|\(|\*{1,2})[a-z]{1,30}(?:_[a-z0-9]*)*(?:\(\)?)?[\])*]?$|\[/?[A-Z]{0,9}(?: [A-Z]{0,4}){0,2}\]?$|\*$"
)
# A model that goes on with the caller's next turn: nobody said that, and nothing behind it is an answer.
_OTHERS = ("user", "caller", "customer", "human")
_INVENTED = re.compile(rf"\n\s{{0,4}}\**(?:{'|'.join(_OTHERS)})\s?:", re.IGNORECASE)
_INVENTED_BEGUN = re.compile(r"\n\s{0,4}\**([A-Za-z]{0,8})\s?$")
_NEVER = re.compile(r"(?!)")
_NOTE_BEGUN = re.compile(r"\[(\w{0,12})(:[^\[\]\n]{0,300})?$")
_ROLES = ("assistant", "agent", "ai", "bot", "final answer", "response", "reply", "output", "tool call")
_ROLE = re.compile(  # the model writes down who speaks, as in a play
    rf"\s*\**(?:{'|'.join(_ROLES)})\s?:\**\s*|\s*(?:assistant|model)\s*\n\s*", re.IGNORECASE
)
_ROLE_IN_BOLD_BEGUN = re.compile(r"\s*\*+[A-Za-z ]{0,14}:?\*{0,2}\s*")
_BARE_ANALYSIS = re.compile(r"\s*analysis(?=[A-Z])")  # gpt-oss, where a server has lost its marks
_BARE_ANALYSIS_ENDS = re.compile(r"assistant\s?final")
_NOTHINGS = ("null", "undefined", "nan", "[object object]", "n/a")
"""What a program's empty value looks like in text, when it is all that an answer holds."""
_NAME_END = re.compile(r"[A-Za-z0-9_.]+$")
_REACT = ("thought:", "action:")  # "Thought: ... Action: ... Final Answer: ...": the ReAct prompt's form
_ALOUD = ("thinking:", "reasoning:")
_ROLE_MARKS = (*(f"{word}:" for word in (*_ROLES, "model")), *_REACT, *_ALOUD, "analysis")
_THOUGHT_ENDS = re.compile(r"final answer\s?:\s*", re.IGNORECASE)
_ALOUD_ENDS = re.compile(r"final answer\s?:\s*|\n\s*\n", re.IGNORECASE)


class Blocks:
    """Push text as it comes, flush at its end; both return what stands outside of blocks."""

    def __init__(self, forms: SpokenForms) -> None:
        self._stage = forms.stage_directions
        self._held = ""
        self._last_char = ""
        self._at_start = True
        self._close: re.Pattern[str] | None = None  # how the open block ends; None: no block is open
        self._brackets = False  # the open block ends where its brackets are closed
        self._scanned, self._depth, self._quoted = 0, 0, False  # how far that block's brackets are counted

    def push(self, text: str) -> str:
        self._held += text
        return self._release(final=False)

    def flush(self) -> str:
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        out: list[str] = []
        if self._at_start and not self._leave_role(final=final):
            return ""
        while self._held:
            if self._close or self._brackets:
                if not self._leave_block(final=final):
                    break
            elif trigger := _TRIGGER.search(self._held):
                if not self._at_trigger(trigger.start(), out, final=final):
                    break
            else:
                self._pass_on(len(self._held) - (0 if final else self._name_length()), out)
                break
        return "".join(out)

    def _leave_role(self, *, final: bool) -> bool:
        """Drops the "Assistant:" that the answer begins with, or what it thinks aloud before its final answer.

        False if more text is needed to know whether it does.
        """
        begun = self._held.strip().lower()
        if not final and any(word.startswith(begun) for word in (*_ROLE_MARKS, *_NOTHINGS, "none")):
            return False
        if not final and _ROLE_IN_BOLD_BEGUN.fullmatch(self._held):
            return False
        if begun.rstrip(".") in _NOTHINGS or (final and begun == "none"):  # "None." may be an answer
            self._held = "" if final else self._held
            return final
        if begun.startswith(_REACT):
            self._close = _THOUGHT_ENDS
        elif begun.startswith(_ALOUD):
            self._close = _ALOUD_ENDS
        elif _BARE_ANALYSIS.match(self._held):
            self._close = _BARE_ANALYSIS_ENDS
        self._held = _ROLE.sub("", self._held, count=1) if _ROLE.match(self._held) else self._held
        self._at_start = False
        return True

    def _pass_on(self, count: int, out: list[str]) -> None:
        if count:
            out.append(self._held[:count])
            self._last_char = self._held[count - 1]
            self._held = self._held[count:]

    def _name_length(self) -> int:
        """How much at the end may still turn out to be the name in a call such as get_order(...)."""
        name = _NAME_END.search(self._held[-_LONGEST_NAME_CHARS:])
        length = len(name[0]) if name else 0
        return length if length < _LONGEST_NAME_CHARS else 0

    # ---- where a block begins

    def _at_trigger(self, at: int, out: list[str], *, final: bool) -> bool:
        """Deals with the mark at `at`; False if more text is needed to know what it is."""
        rest, sign = self._held[at:], self._held[at]
        if sign == "(" and (name := self._call_name(at)):
            self._pass_on(at - len(name), out)
            self._held = self._held[len(name) :]
            self._brackets = True
            return True
        if sign == "\n":
            return self._at_line_break(at, out, final=final)
        if sign == "=":
            return self._at_address(at, out, final=final)
        self._pass_on(at, out)
        if sign == "<" and (tag := _TAG.match(rest)):
            self._close = re.compile(rf"</{tag[1]}\s*>", re.IGNORECASE)
        elif sign == "<" and (token := _TOKEN.match(rest)):
            self._close = re.compile(rf"<[|｜]{token[1]}end[|｜]>")
        elif sign == "<" and (span := _SPAN.match(rest)):
            self._close = re.compile(rf"<[|｜](?:/|end_|end_of_){span[1] or span[2]}[|｜]>", re.IGNORECASE)
        elif sign == "<" and (aside := _CHAT_ASIDE.match(rest)):
            self._close = _CHAT_ASIDE_ENDS
            self._held = rest[aside.end() :]
        elif close := next((close for begin, close in _PAIRS if rest.startswith(begin)), None):
            self._close = re.compile(re.escape(close))
        elif sign in "`~" and (fence := _FENCE.match(rest)) and (final or fence.end() < len(rest)):
            self._held = self._held[3:]
            self._close = re.compile(fence[1])
        elif sign in "[{" and _JSON.match(rest):
            self._brackets = True
        elif called := _CALLED.match(rest):
            self._held = rest[called.end() :]
            self._brackets = True
        elif rest.startswith(_CALLS_MARK):
            if not final and _CALLED_BEGUN.match(rest):
                return False
            self._held = rest[len(_CALLS_MARK) :]
        elif stage := self._stage.whole.match(rest):
            self._held = rest[stage.end() :]
        elif not final and self._may_begin(rest):
            return False
        elif aside := _CHAT_MARK.match(rest) or _CITED.match(rest) or _NOTE.match(rest) or _MARKED.match(rest):
            self._held = rest[aside.end() :]
            self._last_char = self._last_char or " "
        else:
            self._pass_on(1, out)
        return True

    def _at_line_break(self, at: int, out: list[str], *, final: bool) -> bool:
        """Ends the answer where the model goes on as the caller."""
        rest = self._held[at:]
        begun = _INVENTED_BEGUN.match(rest)
        if _INVENTED.match(rest):
            self._pass_on(at, out)
            self._close = _NEVER
        elif not final and begun and any(who.startswith(begun[1].lower()) for who in _OTHERS):
            self._pass_on(at, out)
            return False
        else:
            self._pass_on(at + 1, out)
        return True

    def _at_address(self, at: int, out: list[str], *, final: bool) -> bool:
        """Drops "to=functions.name"; the arguments behind it are a block of their own."""
        rest = self._held[at:]
        addressed = _ADDRESSED.match(rest)
        if not final and (addressed is None or addressed.end() == len(rest)) and _ADDRESSED_BEGUN.match(rest):
            self._pass_on(at - len("to"), out)
            return False
        if addressed:
            self._pass_on(at - len("to"), out)
            self._held = rest[addressed.end() :]
        else:
            self._pass_on(at + 1, out)
        return True

    def _call_name(self, at: int) -> str:
        before = self._last_char + self._held[max(0, at - _LONGEST_NAME_CHARS - 1) : at]
        name = _CALL_NAME.search(before[-_LONGEST_NAME_CHARS - 1 :] if at > _LONGEST_NAME_CHARS else before)
        return name[0] if name and len(name[0]) <= min(at, _LONGEST_NAME_CHARS - 1) else ""

    def _may_begin(self, rest: str) -> bool:
        if rest[0] == "<":
            tag = _TAG_BEGUN.match(rest)
            known = tag and any(name.startswith(tag[1].lower()) for name in _NAMES)
            if space := _SPACE_BEGUN.match(rest):
                known = known or space[1] is None or any(name.startswith(space[1].lower()) for name in _NAMES)
            mark = _TURN_MARK_BEGUN.match(rest) and any(each.startswith(rest[1:]) for each in _TURN_MARKS)
            return bool(
                known or mark or _TOKEN_BEGUN.match(rest) or _CHAT_MARK_BEGUN.match(rest) or "<!--".startswith(rest)
            )
        if rest[0] in "`~":
            return bool(_FENCE_BEGUN.match(rest))
        if _CITED_BEGUN.match(rest) or _MARKED_BEGUN.match(rest) or any(begin.startswith(rest) for begin, _ in _PAIRS):
            return True
        if note := _NOTE_BEGUN.match(rest):
            name = note[1].lower()
            if name in _NOTE_NAMES or (note[2] is None and any(each.startswith(name) for each in _NOTE_NAMES)):
                return True
        begun = _JSON_BEGUN.match(rest) or (rest[0] == "[" and _CALLS_MARK.startswith(rest))
        return bool(begun) or self._stage.may_begin(rest)

    # ---- where it ends

    def _leave_block(self, *, final: bool) -> bool:
        within = self._held[:LONGEST_BLOCK_CHARS]
        end = self._end_of_brackets(within) if self._brackets else self._end_of_block(within)
        if end is None and len(self._held) < LONGEST_BLOCK_CHARS and not final:
            return False
        self._held = self._held[LONGEST_BLOCK_CHARS if end is None else end :]
        self._close, self._brackets, self._last_char = None, False, " "
        self._scanned, self._depth, self._quoted = 0, 0, False
        return True

    def _end_of_block(self, text: str) -> int | None:
        found = self._close.search(text) if self._close else None
        return found.end() if found else None

    def _end_of_brackets(self, text: str) -> int | None:
        """Goes on where the last look ended, so that a long call in small pieces is read once."""
        seen = self._scanned
        for found in _BRACKETS.finditer(text, seen):
            sign, seen = found[0], found.end()
            if sign == '"':
                self._quoted = not self._quoted
            elif self._quoted or len(sign) > 1:
                continue
            else:
                self._depth += 1 if sign in "{([" else -1
                if self._depth == 0:
                    return seen
        half_an_escape = seen < len(text) and text[-1] == "\\"
        self._scanned = len(text) - half_an_escape
        return None


def blocks_in(language: str) -> Blocks:
    """What finds the blocks of an answer in `language`."""
    return Blocks(spoken_forms(language))
