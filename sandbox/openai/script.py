"""Decide what the scripted language model answers: a few rules over the request, the same answer every time."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.languages import LANGUAGES
from sandbox.openai.phrases import ASKED, LANGUAGE_NAMES, LANGUAGE_WISH, PHRASES

DEFAULT_LANGUAGE = "en-IN"
HEARD_WORDS = 6
SHORT_LETTERS = 3
_REPLY_IN = re.compile(r"Reply in [^()\n]{1,40}\(([a-z]{2,3}-IN)\)")
_NUMBER = re.compile(r"\d(?:[\d,]|[ -](?=\d)|\.(?=\d{3}\b))*")  # recognisers write 4521 as 4,521, 4.521 or 4 5 2 1
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}(?:\s?[AaPp][Mm])?")
# Alphabetical, so that Hindi, the larger one, comes before Marathi; Latin letters stand in every language's sentences.
_SCRIPTS = {
    language.script.upper(): code for code, language in reversed(LANGUAGES.items()) if language.script != "Latin"
}


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What to say, or which tool to call."""

    text: str = ""
    call: ToolCall | None = None
    declines: bool = False
    """The words are a refusal, which comes in a field of its own."""
    finish_reason: str | None = None
    """In place of `stop` or `tool_calls`."""


@dataclass(frozen=True)
class Asked:
    """A request, read."""

    language: str
    user: str
    intent: str
    tools: dict[str, dict[str, Any]]

    def say(self, phrase: str, **values: str) -> Reply:
        return Reply(PHRASES[self.language][phrase].format(**values))

    def tool(self, *parts: str) -> str | None:
        """The first offered tool whose name contains one of these."""
        return next((name for name in self.tools for part in parts if part in name.lower()), None)

    def call(self, tool: str) -> Reply:
        return Reply(call=ToolCall(tool, arguments_for(self.tools[tool], self.user)))


def reply_to(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Reply:
    """Answer a chat: phrase a tool's result, greet when nothing was said yet, else answer the last user message."""
    asked = read(messages, tools)
    results = results_after_last_user(messages)
    if results:
        return _phrase_result(asked, *results[-1])
    said = [message for message in messages if message.get("role") in ("user", "assistant")]
    if not asked.user:
        return asked.say("greeting")
    if said[-1]["role"] == "assistant":
        return asked.say("there")  # asked to speak although the user has said nothing since
    return _ANSWERS[asked.intent](asked)


def read(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Asked:
    user = next((text_of(each) for each in reversed(messages) if each.get("role") == "user"), "").strip()
    language = reply_language(messages, user)
    return Asked(language, user, intent_of(user), dict(_functions(tools)))


def reply_language(messages: list[dict[str, Any]], user: str) -> str:
    """The last `Reply in X (xx-IN)` of the instructions; without one, the language of the user's script."""
    instructions = "\n".join(text_of(each) for each in messages if each.get("role") in ("system", "developer"))
    wanted = [code for code in _REPLY_IN.findall(instructions) if code in PHRASES]
    if wanted:
        return str(wanted[-1])
    for character in user:
        script = unicodedata.name(character, "").partition(" ")[0]
        if script in _SCRIPTS:
            return _SCRIPTS[script]
    return DEFAULT_LANGUAGE


def intent_of(text: str) -> str:
    folded = " ".join(text.casefold().split())
    if _wishes_language(folded):
        return "language"
    for intent, words in ASKED.items():
        if any(_mentions(folded, word) for word in words):
            return intent
    return "number" if _digits(text) else "heard"


def text_of(message: dict[str, Any]) -> str:
    """A message's text, whether its content is a string or a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def results_after_last_user(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Tool name and result of each tool message since the user last spoke."""
    names = {
        call.get("id"): call.get("function", {}).get("name", "")
        for message in messages
        for call in message.get("tool_calls") or []
    }
    results: list[tuple[str, str]] = []
    for message in messages:
        if message.get("role") == "user":
            results.clear()
        elif message.get("role") == "tool":
            results.append((str(names.get(message.get("tool_call_id"), "")), text_of(message)))
    return results


def arguments_for(schema: dict[str, Any], user: str) -> dict[str, Any]:
    """Fill a tool's parameters: numbers from what the user said, the rest from the schema or the user's words."""
    properties = schema.get("properties") or {}
    required = schema.get("required") or []
    return {name: _argument(name, properties[name], user) for name in properties if name in required}


def _argument(name: str, schema: dict[str, Any], user: str) -> Any:
    kinds = _kinds(schema)
    number = (_digits(user) or ["0"])[0]
    if schema.get("enum"):
        return schema["enum"][0]
    if "zone" in name and "string" in kinds:
        return "Asia/Kolkata"
    if re.search(r"order|number|(^|_)id$", name) and kinds & {"string", "integer", "number"}:
        return number if "string" in kinds else int(number)
    if "null" in kinds:
        return None
    if "string" in kinds:
        return user
    return {"integer": 0, "number": 0, "boolean": True, "array": [], "object": {}}.get(next(iter(kinds), ""))


def _kinds(schema: dict[str, Any]) -> set[str]:
    kinds = schema.get("type") or [each.get("type") for each in schema.get("anyOf") or []]
    return set([kinds] if isinstance(kinds, str) else kinds)


def _functions(tools: list[dict[str, Any]]) -> Iterable[tuple[str, dict[str, Any]]]:
    for tool in tools:
        function = tool.get("function") or {}
        if function.get("name"):
            yield str(function["name"]), function.get("parameters") or {}


def _mentions(folded: str, word: str) -> bool:
    if not word.lstrip("~").isascii():
        # A word of three letters is whole (the Malayalam for "bye" is inside of "where"); longer ones take endings.
        end = r"(?![^\s,.?!।;])" if len(word) <= SHORT_LETTERS else ""
        return re.search(rf"(?<![^\s,.?!।;]){re.escape(word)}{end}", folded) is not None
    end = "" if word.startswith("~") else r"(?![a-z])"
    return re.search(rf"(?<![a-z]){re.escape(word.lstrip('~'))}{end}", folded) is not None


def _wishes_language(folded: str) -> bool:
    return any(name in folded for name in LANGUAGE_NAMES) and any(wish in folded for wish in LANGUAGE_WISH)


def _digits(text: str) -> list[str]:
    """Numbers in a text, in whatever script, without what separates their digits."""
    western = "".join(
        str(unicodedata.digit(each)) if unicodedata.digit(each, None) is not None else each for each in text
    )
    return [re.sub(r"\D", "", each) for each in _NUMBER.findall(western)]


def _time(asked: Asked) -> Reply:
    tool = asked.tool("current_time", "time")
    return asked.call(tool) if tool else asked.say("no_clock")


def _order(asked: Asked) -> Reply:
    tool = asked.tool("order")
    if tool is None:
        return asked.say("no_order")
    return asked.call(tool) if _digits(asked.user) else asked.say("ask_order")


def _number(asked: Asked) -> Reply:
    tool = asked.tool("order")
    numbers = _digits(asked.user)
    # A bare short number is the answer to "what is your order number?".
    if tool and 3 <= len(numbers[0]) <= 6 and len(asked.user.split()) <= 4:
        return asked.call(tool)
    return asked.say("number", number=" ".join(numbers))


def _human(asked: Asked) -> Reply:
    tool = asked.tool("transfer_to_human", "human")
    return asked.call(tool) if tool else asked.say("human")


def _goodbye(asked: Asked) -> Reply:
    tool = asked.tool("end_call")
    return asked.call(tool) if tool else asked.say("goodbye")


def _heard(asked: Asked) -> Reply:
    words = asked.user.split()
    heard = " ".join(words[:HEARD_WORDS]).rstrip(".?!।,;: ")
    return asked.say("heard", heard=heard)


def _plainly(phrase: str) -> Callable[[Asked], Reply]:
    return lambda asked: asked.say(phrase)


_ANSWERS: dict[str, Callable[[Asked], Reply]] = {
    "goodbye": _goodbye,
    "human": _human,
    "order": _order,
    "time": _time,
    "number": _number,
    "heard": _heard,
    **{name: _plainly(name) for name in ("story", "price", "date", "thanks", "hello", "language")},
}


def _phrase_result(asked: Asked, tool: str, result: str) -> Reply:
    name = tool.lower()
    if "end_call" in name:
        return asked.say("goodbye")
    if "human" in name or "transfer" in name:
        return asked.say("transferred")
    if "order" in name:
        return _phrase_order(asked, result)
    if "time" in name:
        clock = _CLOCK.search(result)
        return asked.say("time", time=clock.group() if clock else result[:60]) if result else asked.say("failed")
    return asked.say("done") if "error" not in result.lower() else asked.say("failed")


def _phrase_order(asked: Asked, result: str) -> Reply:
    number = (_digits(asked.user) or [""])[0]
    try:
        order = json.loads(result)
    except ValueError:
        order = None
    if isinstance(order, dict) and order.get("status") in PHRASES[asked.language]:
        date = order.get("expected_delivery") or order.get("eta") or order.get("date") or ""
        status = PHRASES[asked.language][order["status"]]
        return asked.say("order", id=str(order.get("order_id") or number), status=status, date=str(date))
    folded = result.lower()
    if "no order" in folded or "not found" in folded or "unknown" in folded:
        return asked.say("order_unknown", id=number)
    status = next((each for each in ORDER_STATUSES if each.replace("_", " ") in folded.replace("_", " ")), "")
    dates = re.findall(r"\d{4}-\d{2}-\d{2}|\d{1,2} [A-Z][a-z]+(?: \d{4})?", result)
    if not status or not dates:
        return asked.say("failed")
    return asked.say("order", id=number, status=PHRASES[asked.language][status], date=dates[0])


ORDER_STATUSES = ("out_for_delivery", "delivered", "shipped", "packed")
