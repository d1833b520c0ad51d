"""What stands under an "i": how a number of a test comes about, where from, with which library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A number in plain words, its formula, its source, and the library that computes it."""

    said: str
    formula: str
    source: str
    library: str

    @property
    def markdown(self) -> str:
        """Give all of it as Markdown."""
        return (
            f"{self.said}\n\n**Formula:** {self.formula}\n\n**Source:** {self.source}\n\n"
            f"**Library:** {self.library}"
        )


VERDICT = Explanation(
    said="A variant is called better or worse only if one of two things holds. **At any look:** "
    "what was seen is 100 times likelier with a difference than without one; of 100 tests without "
    "a difference at most one ever gets there, however often you look. **At the planned end:** one "
    "last comparison, made once, that is wrong in at most 4 of 100 such tests. Together that is at "
    "most 5 of 100. With several variants both are stricter.",
    formula="e ≥ 100 × (variants − 1), where e is the average of θˢ(1−θ)ᶠ / hˢ(1−h)ᶠ over a Beta "
    "distribution around h: s and f people of the variant and the control reached the goal, h is "
    "the variant's share by plan. At the end: z test of two shares, p < 0.04 (Holm).",
    source="J. Ville (1939); H. Robbins, Annals of Mathematical Statistics 41 (1970). People count "
    "in the order in which their time for the goal ended.",
    library="our own `core/stats/sequential.py` and `hybrid.py`, on scipy.",
)
RATE = Explanation(
    said="Of the people whose time for the goal is over, the share that reached it. Everybody who "
    "came to the split counts once, whatever they were sent. In 95 of 100 tests the range holds "
    "the true share.",
    formula="people with the goal / people whose time is over; the range is Wilson's.",
    source="E. B. Wilson, Journal of the American Statistical Association 22 (1927).",
    library="statsmodels `proportion_confint`.",
)
LOOKS = Explanation(
    said="What could be said of the difference at the end of each day. The range holds the true "
    "difference **on all days at once** (in 96 of 100 tests; more with several variants), so you "
    "may look as often as you like. It can only become narrower.",
    formula="all lifts against which the evidence is below 25 to 1 (1 / (1 − 0.96)), and which no "
    "earlier look has ruled out.",
    source="D. Darling and H. Robbins, PNAS 58 (1967); S. Howard et al., Annals of Statistics 49 "
    "(2021).",
    library="our own `core/stats/sequential.py`, on scipy.",
)
FIXED = Explanation(
    said="The comparison most tools show. It is right if you look **once**, at an end that was "
    "planned before the start. Whoever looks every day and stops at the first p below 0.05 is "
    "wrong in about 3 of 10 tests without any difference. The range that holds at any look is "
    "wider: that is the price of looking. So the two can disagree, and early on they often do.",
    formula="z = (p₁ − p₀) / √(p(1−p)(1/n₁ + 1/n₀)); the lift's range is Koopman's, the "
    "difference's Newcombe's, both of 95 %, with Holm's correction for several variants.",
    source="J. L. Fleiss, Statistical Methods for Rates and Proportions; P. Koopman, Biometrics 40 "
    "(1984); R. G. Newcombe, Statistics in Medicine 17 (1998).",
    library="statsmodels `proportions_ztest`, `confint_proportions_2indep`; Koopman's is our own.",
)
CHANCES = Explanation(
    said="Another way of saying the same numbers, for a discussion. It **decides nothing**: a "
    "chance above 95 % turns up at some look in about half of all tests without a difference. The "
    "risk is what choosing this variant would cost on average, in points of the share.",
    formula="each share follows Beta(1 + goals, 1 + others); the chance is that of being the "
    "highest, the risk E[max(best of the others − this one, 0)].",
    source="E. Miller, Formulas for Bayesian A/B testing (2014); C. Stucchio, Bayesian A/B testing "
    "at VWO (2015).",
    library="our own exact integral `core/stats/bayes.py`, on scipy `betainc`.",
)
REVENUE = Explanation(
    said="Money per person who came to the split, whether they bought or not. Where it is known "
    "what people spent before, the second line takes that out: the same difference, measured more "
    "precisely. A few large orders can make such a range wrong; the page warns where there are too "
    "few people for that.",
    formula="difference of means with Welch's t; adjusted: the same on value − θ (spent "
    "before − its mean), θ = covariance / variance. Enough people: 355 × skewness² per variant.",
    source="B. L. Welch, Biometrika 34 (1947); A. Deng et al., WSDM 2013 (CUPED); R. Kohavi et "
    "al., KDD 2014, rule 7.",
    library="tea-tasting `Mean` from aggregates.",
)
GUARDRAILS = Explanation(
    said="What must not get worse by more than was agreed before the start. **Holds:** it is "
    "certainly below that margin. **Violated:** certainly above. **Open:** not settled yet. A "
    "variant that violates one is not put forward as the winner.",
    formula="one-sided 95 % limits (Newcombe) of variant − control beside the margin.",
    source="R. G. Newcombe, Statistics in Medicine 17 (1998), as a test of non-inferiority.",
    library="statsmodels `confint_proportions_2indep`.",
)
RATIO = Explanation(
    said="Are the groups as large as they were meant to be? If not, people went missing in one of "
    "them, and whoever is left cannot be compared, whatever the result says. Checked over all "
    "people, per day and per source.",
    formula="chi-square of the groups' sizes against the weights; alarm at p < 0.001, days and "
    "sources corrected for their number (Holm).",
    source="A. Fabijan et al., Diagnosing sample ratio mismatch, KDD 2019.",
    library="scipy `chisquare`, `chi2`.",
)
CURVES = Explanation(
    said="How much of the goal is reached how soon after the split. A curve that rises earlier "
    "need not end higher: only the end decides.",
    formula="people who had reached the goal by then / people whose time is over.",
    source="counted; only people whose whole time was watched.",
    library="numpy.",
)
GROUPS = Explanation(
    said="For ideas, never for a decision: with many groups one of them always looks special. All "
    "ranges are widened for the number of groups, and groups with fewer than 10 goals are left "
    "out.",
    formula="as in the comparison read once, within each group, Holm over all groups.",
    source="S. Holm, Scandinavian Journal of Statistics 6 (1979).",
    library="statsmodels, our own `core/stats/multiple.py`.",
)
OPENS = Explanation(
    said="Opens never decide a test. Mail programs load the pictures of e-mails nobody reads, and "
    "scanners click links: if 55 % of people have such a program, a true +20 % of opens looks like "
    "+3 %. Such opens and clicks are counted apart wherever the sender's tool marks them. There is "
    "no rate of clicks per open here, for it can rise while fewer people click.",
    formula="people with at least one open (click) / people who got the e-mail.",
    source="marked by the tool that sends, as `is_machine` on the event.",
    library="counted.",
)
HOLDOUT = Explanation(
    said="What the whole campaign brought, whichever variant: everybody who entered it, beside the "
    "people who were left alone on purpose.",
    formula="(share with the goal − share in the comparison group) × people the campaign could "
    "reach; the range is Newcombe's, that of money Welch's, 95 % each.",
    source="R. G. Newcombe, Statistics in Medicine 17 (1998); B. L. Welch, Biometrika 34 (1947).",
    library="statsmodels `confint_proportions_2indep`; tea-tasting `Mean`.",
)
PEOPLE = Explanation(
    said="Everybody is counted once, from their first time at the split, with the variant they got "
    "there. Their time for the goal begins at the split, not at an e-mail; until it is over they "
    "are in no share, because they may still reach the goal.",
    formula="counted.",
    source="intention to treat: whoever was assigned counts, whatever they were sent.",
    library="numpy.",
)
