"""What a model writes beside its reply is for nobody's ear: thoughts, tool calls as text, stage directions."""

# ruff: noqa: E501  (a row of a table stays on one line)

import unicodedata

import pytest

from worker.spoken import LANGUAGES, SpeakableStream, says_something, speakable
from worker.spoken.blocks import LONGEST_BLOCK_CHARS

NOT_FOR_THE_EAR = [
    '<tool_call>{"name": "get_order", "arguments": {"id": 5}}</tool_call>', "<think>They want a refund.\n\nLet me see.</think>",
    "<thinking>hmm, ₹500 < ₹900</thinking>", "<reasoning>a [b] (c)</reasoning>", '<function=get_order>{"id": "5"}</function>',
    '<function_calls><invoke name="x"><parameter name="id">5</parameter></invoke></function_calls>', '{"name": "get_order", "parameters": {"q": "a } b"}}',
    '[{"name": "get_order", "arguments": {}}]', '[TOOL_CALLS][{"name": "x", "arguments": {}}]', 'get_order(order_id="A1 (new)")', 'functions.lookup({"id": 5})',
    '```json\n{"name": "x"}\n```', "```tool_code\nprint(get_order(5))\n```", "<|tool_calls_section_begin|>x<|tool_calls_section_end|>",
    "<｜tool▁calls▁begin｜>x<｜tool▁calls▁end｜>", "*smiles*", "**laughs**", "[pause]", "(laughs)", "(laughs softly)", "[short pause]", "*clears throat*", "(हंसते हुए)", "[विराम]", "*சிரித்துக்கொண்டே*",
    "<|channel|>analysis<|message|>User wants (x).<|end|><|start|>assistant<|channel|>final<|message|>", "<|im_end|>", "<|eot_id|>",
    '<|start|>assistant<|channel|>commentary to=functions.get_order<|message|>{"id": 5}<|call|>', "<|python_tag|>get_order.call(id=45)<|eom_id|>",
    "<!-- a note to self -->", "◁think▷hmm◁/think▷", "[INST] say hello [/INST]", "【4†source】", "【12:0†refund_policy.pdf】", "[1]", "[2, 3]",
    "[System: the caller is verified]", "[Note: be brief]", "(no response)", "*waves*", "_smiling_", "_laughs softly_", 'to=functions.get_order {"id": 5}', 'to=functions.get_order json {"id": 5}',
    '[TOOL_CALLS]get_order[ARGS]{"id": 5}', "[TOOL_CALLS]get_order{}", '<|tool_call|>[{"name": "x"}]<|/tool_call|>', "[THINK]Let me look.[/THINK]",
    "<|START_THINKING|>Let me look.<|END_THINKING|>", '<|START_ACTION|>[{"tool_name": "x"}]<|END_ACTION|>', "<|begin_of_thought|>hm<|end_of_thought|>",
    '<minimax:tool_call><invoke name="x"><parameter name="id">5</parameter></invoke></minimax:tool_call>', "<seed:think>Let me look.</seed:think>",
    "<inner_monologue>hm</inner_monologue>", "<antthinking>hm</antthinking>", "<tool_code>print(5)</tool_code>", "getOrder(id=5)", "<end_of_turn>", "<start_of_turn>model",
    "</s>", "[DONE]", "[END OF CALL]", "[end_call]", "[end_call()]", "*typing sounds*", "(checking the system)", "*hangs up*", "*hold music*", "(in a cheerful tone)",
    "```python\nget_order(5)\n```", '~~~json\n{"name": "x"}\n~~~', "```xml\n<a>5</a>\n```", "(end_call)", "*end_call*", "**end_call()**", "[/ASSISTANT]",
    "<plan>first I look</plan>", "<0x0A>", "print(default_api.get_order(id=5))", "(soft chuckle)", "(waits for the customer to respond)", "(புன்னகையுடன்)",
    "[Transferring call...]", "[Agent pauses]", "(मुस्कान के साथ)", "(చిరునవ్వుతో)", "[హాసం]", "(പുഞ്ചിരിയോടെ)", "(waiting for the customer)", "(हल्के से हँसते हुए)",
    "<THINK>x</THINK>", '<tool_call id="4">x</tool_call>',
]  # fmt: skip


@pytest.mark.parametrize("block", NOT_FOR_THE_EAR)
def test_a_block_is_not_said_however_it_arrives(block):
    assert all(not says_something(block, language) for language in LANGUAGES)
    text = f"Sure, {block} it is done."
    assert speakable(text, "en-IN").replace(",", "") == "Sure it is done."
    stream = SpeakableStream("en-IN")
    assert "".join([*(stream.push(char) for char in text), stream.flush()]) == speakable(text, "en-IN")


SAID = [
    ("en-IN", "a *very* good plan", "a very good plan"), ("en-IN", "the plan (two days) and [this]", "the plan (two days) and this"),
    ("en-IN", "He smiles (pausing is allowed here, and in very long texts too, of course)", "He smiles (pausing is allowed here, and in very long texts too, of course)"),
    ("en-IN", "music (music lessons)", "music (music lessons)"), ("en-IN", "{name} is set", "name is set"), ("en-IN", "I think so", "I think so"),
    ("en-IN", "5 < 6", "five less than six"), ("en-IN", "the [system] and the [note], too", "the system and the note, too"),
    ("en-IN", "see [1](https://a.in) and [2024] [ab]", "see one and two thousand twenty four ab"), ("en-IN", "ask the assistant: me", "ask the assistant: me"),
    ("en-IN", "the _important_ order_id", "the important order id"), ("en-IN", "set to=5", "set to equals five"), ("en-IN", "null and void", "null and void"), ("en-IN", "Nandini is here", "Nandini is here"),
    ("en-IN", "Assistant: yes", "yes"), ("en-IN", "AI: yes, at nine", "yes, at nine"),
    ("en-IN", "the [my_order](https://a.in) page", "the my order page"), ("en-IN", "**Assistant:** yes", "yes"), ("en-IN", "**Very** good", "Very good"),
    ("en-IN", "analysisThey want it.assistantfinalYes.", "Yes."), ("en-IN", "Analysis of it", "Analysis of it"), ("en-IN", "Agent: yes", "yes"), ("en-IN", "the iPhone(s) here", "the iPhone(s) here"),
    ("en-IN", "Thinking: I look.\n\nIt is here.", "It is here."), ("en-IN", "assistant\nIt is here.", "It is here."), ("en-IN", "Model one is here.", "Model one is here."),
    ("en-IN", "It is here.\nUser: thanks\nAssistant: welcome", "It is here."), ("en-IN", "It is here.\nUsually by five.", "It is here. Usually by five."),
    ("en-IN", "Output: yes", "yes"), ("en-IN", "None are left", "None are left"), ("en-IN", "None.", "None."), ("en-IN", "```\nIt is here.\n```", "It is here."),
    ("en-IN", "A I", "A I"), ("en-IN", "Final answer: yes", "yes"), ("en-IN", "call(s) made", "call(s) made"), ("hi-IN", "राम (हंस) बोला", "राम (हंस) बोला"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "spoken"), SAID)
def test_emphasis_and_brackets_are_no_stage_directions(language, written, spoken):
    assert speakable(written, language) == unicodedata.normalize("NFC", spoken)


def test_a_block_that_never_ends_does_not_silence_the_reply_for_ever():
    text = "<think>" + "x " * LONGEST_BLOCK_CHARS + "Your order is here."
    assert speakable(text, "en-IN").endswith("Your order is here.")


def test_what_is_still_open_at_the_end_is_not_said():
    assert speakable("Yes. <think>they may mean", "en-IN") == "Yes."
    assert not says_something('{"name": "get_order", "argu', "en-IN")


@pytest.mark.parametrize(
    "answer",
    [
        "null",
        "NaN",
        "undefined",
        "[object Object]",
        " null ",
        "null.",
        "N/A",
        "None",
        "Action: get_order\nAction Input: {}",
        "Tool call: get_order(id=5)",
    ],
)
def test_an_answer_that_is_a_programs_empty_value_says_nothing(answer):
    stream = SpeakableStream("en-IN")
    assert "".join([*(stream.push(char) for char in answer), stream.flush()]) == ""
    assert not says_something(answer, "hi-IN")
    assert speakable("Your balance is null.", "en-IN") == "Your balance is null."
