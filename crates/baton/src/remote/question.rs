//! From a command to the question that a server is asked: a path of its API and a query.

use anyhow::bail;
use app::plan::changes::Change;
use jiff::civil::Date;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reports::attribution::model_name;
use reports::pipeline::Flow;

use crate::args::{
    Agreement, AsOf, Attribution, Awareness, Backtest, Calls, Command, Every, Forecast,
    ForecastCommand, Funnel, Goal, Handoff, Huddle, ImportCommand, Journal, JournalSearch, Metrics,
    Output, Pay, PeriodCommand, Pipeline, PipelineCommand, Plan, PlanCommand, Record, Retention,
    Score, ScorePoints, ScoreRules, ScoreShow, Team, Webhook, Within,
};

const PROOF: &str = "journal/proof";

/// What a server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Below the server's address.
    pub path: String,
    pub query: Vec<(String, String)>,
}

impl Question {
    fn new(resource: &str) -> Question {
        Question { path: format!("api/v1/{resource}"), query: Vec::new() }
    }

    /// The question of what was said to a record, named `kind:id`.
    fn of_record(subject: &str, beneath: &str) -> anyhow::Result<Question> {
        let Some((kind, id)) = subject.split_once(':') else {
            bail!("`{subject}` names no record: write kind:id, such as deals:1C1I7A6R");
        };
        let kind = kind.parse::<domain::kind::Kind>()?.subject();
        let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
        Ok(Question::new(&format!("records/{kind}/{id}{beneath}")))
    }

    fn with(mut self, name: &str, value: Option<impl ToString>) -> Question {
        self.query.extend(value.map(|value| (name.to_owned(), value.to_string())));
        self
    }

    fn at(self, as_of: &AsOf) -> Question {
        self.with("as_of", as_of.as_of).with("known_at", as_of.known_at)
    }

    /// Whether it asks for the proof that the journal holds.
    pub fn is_proof(&self) -> bool {
        self.path.ends_with(&format!("/{PROOF}"))
    }
}

/// The question of a command, and whether its answer is wanted as JSON.
///
/// # Errors
/// When the command works on a data folder, and no server answers it.
pub fn of(command: Command) -> anyhow::Result<(Question, bool)> {
    let plain = |resource: &str, output: &Output| (Question::new(resource), output.json);
    Ok(match command {
        Command::Scoreboard(as_of) => dated("scoreboard", &as_of),
        Command::Plan(plan) => of_plan(&plan)?,
        Command::Forecast(forecast) => of_forecast(forecast)?,
        Command::Retention(Retention { as_of, seed }) => {
            let (question, json) = dated("retention", &as_of);
            (question.with("seed", Some(seed)), json)
        }
        Command::Attribution(attribution) => of_attribution(&attribution),
        Command::Awareness(Awareness { by, from, to, as_of }) => {
            let (question, json) = dated("awareness", &as_of);
            let question = question.with("by", Some(by.name()));
            (question.with("from", from).with("to", to), json)
        }
        Command::Score(Score::Show(ScoreShow { limit, of })) => {
            let (question, json) = dated("scores", &of.as_of);
            (question.with("seed", Some(of.seed)).with("limit", Some(limit)), json)
        }
        Command::Score(Score::Points(points)) if points.rules.is_none() => of_points(&points),
        Command::Score(Score::Rules(ScoreRules::List(output))) => plain("score-rules", &output),
        Command::Pipeline(pipeline) => of_pipeline(&pipeline),
        Command::Funnel(funnel) => of_funnel(funnel),
        Command::Goal(goal) => of_goal(&goal)?,
        Command::Metrics(metrics) => of_metrics(metrics),
        Command::Check(output) => plain("quality", &output),
        Command::Import(import) => match import.command {
            Some(ImportCommand::List(output)) => plain("imports", &output),
            _ => return local("import"),
        },
        Command::Journal(Journal::Verify(output)) => plain(PROOF, &output),
        Command::Journal(Journal::Log { subject, output }) => {
            (Question::of_record(&subject, "/journal")?, output.json)
        }
        Command::Journal(Journal::Search(search)) => of_search(search),
        Command::Record(Record::Show { subject, output }) => {
            (Question::of_record(&subject, "")?, output.json)
        }
        Command::Agreement(Agreement::Show(output)) => plain("agreement", &output),
        Command::Handoff(Handoff::Queue { user: None, output }) => plain("queue", &output),
        Command::Handoff(Handoff::Keeping(within)) => of_days("keeping", &within),
        Command::Handoff(Handoff::Dropped(within)) => of_days("dropped", &within),
        Command::Handoff(Handoff::Alignment(as_of)) => dated("alignment", &as_of),
        Command::Agreement(_) => return local("writing or signing an agreement"),
        Command::Handoff(_) => return local("handing leads over from the command line"),
        Command::Period(period) => of_period(&period)?,
        Command::Team(Team::List(output)) => plain("teams", &output),
        Command::Team(_) => return local("changing teams from the command line"),
        Command::Record(_) => return local("this command of record"),
        Command::Pay(asked) => return of_pay(&asked),
        Command::Huddle(Huddle::Show { number, output }) => {
            (Question::new("huddle").with("number", number), output.json)
        }
        Command::Huddle(_) => return local("a huddle, but for its minutes,"),
        Command::Person(_) => return local("person"),
        Command::Member(_) => return local("member"),
        Command::Upkeep(_) => return local("upkeep"),
        Command::Track(_) => return local("track"),
        Command::Webhook(Webhook::List(output)) => plain("webhooks", &output),
        Command::Webhook(_) => return local("changing webhooks from the command line"),
        Command::Init(_) => return local("init"),
        Command::Demo(_) => return local("demo"),
        Command::Score(_) => return local("this command of score"),
        Command::Serve(_) => return local("serve"),
        Command::Review(_) => return local("review"),
    })
}

fn of_points(points: &ScorePoints) -> (Question, bool) {
    let (question, json) = dated("points", &points.as_of);
    (question.with("name", Some(&points.lead)), json)
}

fn local<T>(command: &str) -> anyhow::Result<T> {
    bail!(
        "{command} works on a data folder, on the machine where it is: leave --server out. Reports \
         are what a server is asked for"
    )
}

fn dated(resource: &str, as_of: &AsOf) -> (Question, bool) {
    (Question::new(resource).at(as_of), as_of.output.json)
}

fn of_days(resource: &str, within: &Within) -> (Question, bool) {
    let question = Question::new(resource).with("from", within.from).with("to", within.to);
    (question, within.output.json)
}

fn of_period(asked: &PeriodCommand) -> anyhow::Result<(Question, bool)> {
    let (resource, of) = match asked {
        PeriodCommand::List(output) => return Ok((Question::new("periods"), output.json)),
        PeriodCommand::Close { period, dry_run: true, output, .. } => {
            let question = Question::new("period-checklist");
            return Ok((question.with("period", Some(period)), output.json));
        }
        PeriodCommand::Close { .. } => return local("closing a period from the command line"),
        PeriodCommand::Show(of) => ("period", of),
        PeriodCommand::Verify(of) => ("period-proof", of),
        PeriodCommand::Restatements(of) => ("restatements", of),
    };
    Ok((Question::new(resource).with("period", Some(of.period)), of.output.json))
}

fn of_pay(asked: &Pay) -> anyhow::Result<(Question, bool)> {
    match asked {
        Pay::List(output) => Ok((Question::new("pay"), output.json)),
        Pay::Show { payee, deals, made } => {
            let deals = Some(deals.join(",")).filter(|deals| !deals.is_empty());
            let question = Question::new("pay/statement")
                .with("plan", Some(&made.plan))
                .with("period", Some(made.period))
                .with("payee", Some(payee))
                .with("if", deals);
            Ok((question, made.as_of.output.json))
        }
        Pay::Relay { plan, output } => {
            let question = Question::new("pay/relay").with("plan", Some(&plan.plan));
            Ok((question.with("version", plan.version), output.json))
        }
        _ => local("pay, but for its lists, relays and statements,"),
    }
}

fn of_plan(asked: &Plan) -> anyhow::Result<(Question, bool)> {
    let plan = match &asked.command {
        None => &asked.made,
        Some(PlanCommand::Versions(output)) => {
            return Ok((Question::new("plan-versions"), output.json));
        }
        Some(PlanCommand::Compare { name, other, output }) => {
            let question = Question::new("plan-comparison").with("name", Some(name));
            return Ok((question.with("with", Some(other)), output.json));
        }
        Some(PlanCommand::Save { .. }) => return local("saving a plan from the command line"),
    };
    if plan.assume.is_some() {
        bail!("--assume reads a file, which no server sees: leave it out, or leave --server out");
    }
    let question = Question::new("plan")
        .at(&plan.as_of)
        .with("period", plan.period)
        .with("seed", Some(plan.seed));
    let mut levers: Vec<&str> = plan.change.iter().map(|change| change.lever.as_str()).collect();
    levers.sort_unstable();
    if let Some(pair) = levers.windows(2).find(|pair| pair[0] == pair[1]) {
        bail!("`{}` is changed twice: a server is told of one change of each lever", pair[0]);
    }
    let turned = |question: Question, change: &Change| {
        let (name, factor) = (format!("change.{}", change.lever), format!("{}x", change.factor));
        question.with(&name, Some(factor))
    };
    Ok((plan.change.iter().fold(question, turned), plan.as_of.output.json))
}

fn of_forecast(asked: Forecast) -> anyhow::Result<(Question, bool)> {
    match asked.command {
        Some(ForecastCommand::Backtest(backtest)) => Ok(of_backtest(backtest)),
        Some(ForecastCommand::Calls(Calls { period, seed, as_of })) => {
            let (question, json) = dated("calls", &as_of);
            let question = question.with("period", period).with("by", Some("owner"));
            Ok((question.with("seed", Some(seed)), json))
        }
        Some(ForecastCommand::Submit(_) | ForecastCommand::Override(_)) => {
            local("saying a call from the command line")
        }
        None => {
            let Some(period) = asked.period else { bail!("name a --period, such as 2018-Q1") };
            let (question, json) = dated("forecast", &asked.as_of);
            Ok((question.with("period", Some(period)).with("seed", Some(asked.seed)), json))
        }
    }
}

fn of_attribution(asked: &Attribution) -> (Question, bool) {
    let (question, json) = dated("attribution", &asked.as_of);
    let lookback = asked.lookback_days.0.map_or("all".to_owned(), |days| days.to_string());
    let question = question
        .with("model", asked.model.0.map(model_name))
        .with("conversion", asked.conversion.map(|conversion| conversion.name()))
        .with("by", Some(asked.by.name()))
        .with("from", asked.from)
        .with("to", asked.to)
        .with("lookback_days", Some(lookback))
        .with("half_life_days", Some(asked.half_life_days));
    (question.with("seed", Some(asked.seed)), json)
}

fn of_backtest(asked: Backtest) -> (Question, bool) {
    let (question, json) = dated("backtest", &asked.as_of);
    let origins: Vec<String> = asked.origins.iter().map(Date::to_string).collect();
    let every = match asked.every {
        Every::Week => "week",
        Every::Month => "month",
    };
    let origins = Some(origins.join(",")).filter(|days| !days.is_empty());
    let question = question.with("origins", origins).with("every", Some(every));
    (question.with("seed", Some(asked.seed)), json)
}

fn of_pipeline(pipeline: &Pipeline) -> (Question, bool) {
    match &pipeline.command {
        None => dated("pipeline", &pipeline.as_of),
        Some(PipelineCommand::Waterfall { from, to, closing, step, output }) => {
            let days = Question::new("waterfall").with("from", Some(from)).with("to", Some(to));
            let days = days.with("closing", *closing);
            (days.with("step", step.map(Flow::name)), output.json)
        }
    }
}

fn of_funnel(funnel: Funnel) -> (Question, bool) {
    match funnel {
        Funnel::Show { from, to, unsmoothed, as_of } => {
            let (question, json) = dated("funnel/curve", &as_of);
            let question = question.with("from_state", Some(from)).with("to_state", Some(to));
            (question.with("unsmoothed", unsmoothed.then_some(true)), json)
        }
        Funnel::Rates { by, as_of } => {
            let (question, json) = dated("rates", &as_of);
            (question.with("by", by), json)
        }
    }
}

fn of_goal(goal: &Goal) -> anyhow::Result<(Question, bool)> {
    Ok(match goal {
        Goal::Show(output) => (Question::new("goal"), output.json),
        Goal::Tree { period, as_of, output } => {
            let question = Question::new("goal-parts").with("as_of", *as_of);
            (question.with("period", *period), output.json)
        }
        Goal::Check { period, seed, as_of } => {
            let (question, json) = dated("goal/check", as_of);
            (question.with("period", *period).with("seed", Some(seed)), json)
        }
        _ => return local("changing a goal from the command line"),
    })
}

fn of_search(search: JournalSearch) -> (Question, bool) {
    let question = Question::new("journal")
        .with("kind", search.kind)
        .with("record", search.record)
        .with("field", search.field)
        .with("who", search.who)
        .with("from", search.from)
        .with("to", search.to)
        .with("cause", search.cause)
        .with("q", search.text)
        .with("after", search.after);
    (question, search.output.json)
}

fn of_metrics(metrics: Metrics) -> (Question, bool) {
    match metrics {
        Metrics::List(output) => (Question::new("metrics"), output.json),
        Metrics::Show { name, from, to, by, as_of } => {
            let (question, json) = dated("metric", &as_of);
            let question = question.with("name", Some(name)).with("from", from).with("to", to);
            (question.with("by", by), json)
        }
        Metrics::Rows { name, from, to, by, value, after, as_of } => {
            let (question, json) = dated("metric-rows", &as_of);
            let question = question.with("name", Some(name)).with("from", from).with("to", to);
            (question.with("by", by).with("value", value).with("after", after), json)
        }
    }
}
