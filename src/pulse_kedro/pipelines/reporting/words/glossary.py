"""The words a first-time reader needs, each in one or two sentences."""

from pulse_kedro.pipelines.reporting.words.story import Entry

GLOSSARY = (
    Entry(term="As of", text="The newest period a cycle knows. Its first forecast is for the period after."),
    Entry(
        term="Backtest",
        text="Forecasting the past as if it were the future: stand at an old date, use only what was known then, "
        "compare with what came. Repeated at many dates.",
    ),
    Entry(
        term="Baseline",
        text="A rule anybody could use. Naive: the last value again. Seasonal naive: the value of one season ago. "
        "Seasonal drift: that value plus the change over the last season.",
    ),
    Entry(term="Bundle", text="Everything needed to make the forecasts, sealed under a digest of its content."),
    Entry(
        term="Champion and challenger",
        text="The forecaster in charge, and one that wants its place. The place is given away only when the evidence "
        "says the difference is not chance.",
    ),
    Entry(
        term="Combination",
        text="The forecast that is issued: several models joined by a rule that was chosen on earlier cutoffs.",
    ),
    Entry(
        term="Coverage",
        text="How often outcomes fell inside an interval. An 80 % interval should hold 80 % of them: fewer means it is "
        "too narrow, more means too wide.",
    ),
    Entry(term="Cutoff", text="A date at which a backtest stands. Everything after it is hidden from the model."),
    Entry(
        term="Cycle", text="One run: take in what is known, learn, test, decide, forecast, and check earlier forecasts."
    ),
    Entry(
        term="MASE",
        text="Mean absolute error, divided by the usual change of the series from one season to the next. 0.4 means: "
        "the miss is four tenths of that change. Lower is better.",
    ),
    Entry(
        term="Recipe and revision",
        text="A recipe is how a forecaster is built. New data under the same recipe make a new revision of it.",
    ),
    Entry(term="RMSSE", text="Like MASE, with squared errors: large misses weigh more."),
    Entry(term="sMAPE", text="Error in percent of the mean of forecast and outcome, from 0 to 200."),
    Entry(term="Steps ahead", text="How many periods lie between the newest known one and the one that is forecast."),
    Entry(term="Theil U2", text="Error relative to repeating the last value. Below 1 beats that."),
    Entry(
        term="WIS",
        text="Weighted interval score: rewards narrow intervals, punishes outcomes outside. Lower is better.",
    ),
)
