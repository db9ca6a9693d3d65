"""Which voices each of Sarvam's models has: a name that its API refuses must be refused here too.

From the vendor's lists of 2026-11. The plugin's own lists differ: see the tests.
"""

V2_SPEAKERS = frozenset(["anushka", "manisha", "vidya", "arya", "abhilash", "karun", "hitesh"])

# The plugin does not know the last nine, and takes two (amelia, sophia) that the service refuses.
V3_SPEAKERS = frozenset(
    """shubh ritu rahul pooja simran kavya amit ratan rohan dev ishita shreya manan sumit priya aditya kabir neha
    varun roopa aayan ashutosh advait suhani rupali tanya shruti kavitha
    anand gokul mani mohit rehan soham sunny tarun vijay""".split()  # noqa: SIM905
)

# v4-flash: language -> name: styles; the speaker's name on the wire is name_language_style.
_V4_STYLES = {
    "as": """
        kangkana:conversational mouchumi:conversational
    """,
    "bn": """
        bappa:conversation roopa:conversational bimal:suspense
    """,
    "en": """
        aditi:stories aparna:companion,edtech ashwin:sports,sports_energetic chandrika:stories
        dev:recovery,conversational deven:conversation ishita:customer,medical,numbers,social,stories
        kalpit:edtech nachiket:ads neha:customer,latenight nupur:kids ojas:social
        ritu:edtech,latenight,medical,reels rohan:recovery roopa:conversational rustom:suspense
        sanchita:companion,insurance,recovery,market,social shabana:edtech shalini:companion,customer
        shubh:narration,numbers,ads,recovery,audiobook,narration_gentle,sports
        simran:narration,automobile,conversation,customer,edtech,edtech_bot,sales,recovery,ads,therapist
        sunny:social varun:ads,suspense zarina:conversation amelia:conversational sophia:conversational
        girish:documentary,devotional payal:edtech sarang:narration
    """,
    "enhi": """
        ishita:companion,customer,customer_expressive sanchita:companion shalini:companion,customer
        shubh:companion,ads,banking simran:companion,customer,banking_expressive sunny:customer
    """,
    "gu": """
        bhavik:conversation pooja:conversational,customer
    """,
    "hi": """
        aayan:conversational amit:conversational ashutosh:conversational kabir:conversational
        kavya:conversational manan:conversational rahul:conversational sumit:conversational
        aditya:conversational,sales anand:documentary,news aparna:customer,kyc ashok:character,news
        chhavi:kids ishita:ads,edtech,banking,ads_informal,devotional,numbers,social kunal:kids
        mahesh:documentary mani:devotional,conversational mohit:conversational nachiket:devotional
        priya:recovery
        ratan:latenight,customer_expressive,documentary,devotional,recovery,social,sports,latenight_warm
        rehan:social
        ritu:customer_utility,kids,conversation,customer,edtech,ads_formal,banking,ads_informal,insurance,edtech_bot,medical,sales,reels,social,customer_warm,social_lively
        roopa:companion,narration,recovery,market,conversational
        sanchita:assistant,edtech,banking,feedback,ads_formal,ads_informal,interview,romantic,market,social,kyc
        sarika:conversation shalini:companion,social shreya:conversational,news shruti:edtech
        shubh:customer,ecomm,stories_mixed,devotional,ads,recovery,stories_dramatic
        simran:assistant,narration,automobile,conversation,news_breaking,social_energetic,social_excited,latenight,news,recovery,sales
        suchitra:ecomm suhani:social sunny:ads,reels tarun:conversational,sales chaitra:customer
        shilpa:narration tanya:narration aarti:customer advait:character aryaman:ads chirag:social
        girish:devotional mukul:ads,suspense suman:companion vaibhav:social vandana:ecomm vipul:social
    """,
    "kn": """
        chaitra:conversation,narration chetan:conversation suchitra:narration
    """,
    "mr": """
        ishita:conversational mrunal:narration neha:narration nilesh:conversation
        ritu:insurance,narration rupali:stories soham:narration mukul:stories
    """,
    "pa": """
        anand:conversation,customer harpreet:narration jaspal:banking
    """,
    "ta": """
        gokul:narration vetri:ads,suspense vijay:narration
    """,
    "te": """
        kavitha:conversation,narration pooja:conversation tarun:narration
    """,
}

V4_FLASH_SPEAKERS = frozenset(
    f"{name}_{language}_{style}"
    for language, people in _V4_STYLES.items()
    for name, _, styles in (person.partition(":") for person in people.split())
    for style in styles.split(",")
)

SPEAKERS = {"bulbul:v2": V2_SPEAKERS, "bulbul:v3": V3_SPEAKERS, "bulbul:v4-flash": V4_FLASH_SPEAKERS}
DEFAULT_SPEAKER = {
    "bulbul:v2": "anushka",
    "bulbul:v3": "shubh",
    "bulbul:v4-flash": "shubh_en_narration_gentle",
}
