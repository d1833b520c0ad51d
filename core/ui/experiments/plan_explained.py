"""What stands under an "i" in a plan: how its numbers come about, where from, which library."""

from core.ui.experiments.explained import Explanation

DURATION = Explanation(
    said="Day by day, as many people come to the split as the history tells for that weekday; of "
    "these only the ones count who have not come since the test began, and who are not left alone "
    "for comparison. When enough have come, the last of them still need their time for the goal. "
    "The range says what happens if the days ahead are busier or quieter, as past ones were.",
    formula="people by day d = Σ people per day × factor of the weekday × share who are new on "
    "that day × (1 − comparison group); days = first d with enough people + time for the goal.",
    source="new people: Kaplan and Meier, Journal of the American Statistical Association 53 "
    "(1958), of the days between two visits of a person; the range is that of the forecast.",
    library="our own `core/stats/duration.py`, on scipy `ecdf`.",
)
SIZE = Explanation(
    said="So many people have to come to the split, and their time for the goal has to be over. It "
    "is planned for the comparison at the end; the rule may decide earlier.",
    formula="n per variant = ((z(1−α/2)·√(p̄(1−p̄)(1+1/k)) + z(power)·√(p₁(1−p₁) + p₀(1−p₀)/k)) / "
    "(p₁−p₀))², α = 0.04 / (variants − 1), k people of the control per person of the variant, "
    "p₁ = p₀ × (1 + lift).",
    source="J. L. Fleiss, Statistical Methods for Rates and Proportions, ch. 4.",
    library="statsmodels `samplesize_proportions_2indep_onetail`.",
)
RATE = Explanation(
    said="Who reaches the goal without any of these e-mails, of the people whose time for it was "
    "over when the data ends. Whoever came too late for that is counted apart.",
    formula="people with the goal / people whose time is over; the range is Wilson's, 95 %.",
    source="E. B. Wilson, Journal of the American Statistical Association 22 (1927).",
    library="statsmodels `proportion_confint`.",
)
TRAFFIC = Explanation(
    said="People who came to the split on a day, by weekday, each counted once a day. The first "
    "days of the data are left out while the trigger knows too little of the past.",
    formula="mean per weekday; its 95 % range is that of counts which vary more than by chance "
    "alone: all m with |mean − m| = t·√(dispersion × m / days).",
    source="P. McCullagh and J. Nelder, Generalized Linear Models, ch. 6.2.",
    library="scipy `t`.",
)
EFFECT = Explanation(
    said="If the test were read after so many days: the smallest rise of the share that it would "
    "find with the chance you chose. People still in their time for the goal are not counted.",
    formula="the lift at which the power is the chosen one, for the people whose time is over.",
    source="J. L. Fleiss, Statistical Methods for Rates and Proportions, ch. 4.",
    library="statsmodels `power_proportions_2indep`, solved with scipy `brentq`.",
)
POWER = Explanation(
    said="With the planned number of people: the chance of finding effects of other sizes.",
    formula="two-sided z test of two shares at α = 0.04 / (variants − 1), for the variant that is "
    "hardest to tell from the control.",
    source="J. L. Fleiss, Statistical Methods for Rates and Proportions, ch. 4.",
    library="statsmodels `power_proportions_2indep`.",
)
REVENUE = Explanation(
    said="Money varies far more than shares: few people buy, and a few of them spend most. The "
    "usual formula takes it for evenly spread and promises too much. So tests are drawn from your "
    "own history again and again, with more people buying in one variant, each for as much as "
    "others did.",
    formula="formula: n = ((z(1−α/2) + z(power)) / d)² (1 + 1/k), d = lift × mean / standard "
    "deviation. Drawn: the share of 1,000 tests in which Welch's t test finds the lift. Adjusted: "
    "people × (1 − correlation²) with what was spent before.",
    source="J. Cohen, Statistical Power Analysis, ch. 2; A. Deng et al., WSDM 2013 (CUPED).",
    library="statsmodels `NormalIndPower`; scipy `t`; our own `core/stats/revenue_planning.py`.",
)
ALARMS = Explanation(
    said="The people of your history are shared out by chance 1,000 times, as the split would. "
    "Nobody got an e-mail, so no variant can be better, and whatever a rule finds is a false "
    "alarm. Each test is read every day, as you would.",
    formula="tests with an alarm by that day / all tests; the range is Wilson's, 95 %. Our rule: "
    "e ≥ 100 × (variants − 1) on any day, or p < 0.04 (Holm) at the end. The other: p < 0.05 on "
    "any day.",
    source="R. Kohavi et al., Online Experimentation at Microsoft (A/A tests); assignment as in "
    "the flow.",
    library="our own `core/stats/simulated.py`, on numpy and scipy.",
)
FOUND = Explanation(
    said="The same, with a real effect: in one variant so many more people reach the goal as your "
    "lift says, drawn by chance. How often, and by which day, does the rule see it?",
    formula="tests that found it with the right sign by that day / all tests; the range is "
    "Wilson's, 95 %.",
    source="simulated on your history.",
    library="our own `core/stats/simulated.py`, on numpy and scipy.",
)
