//! Huddles, as they are typed.

use app::context::Context;
use app::huddle::{self, Order, Wanted};
use reports::huddle::{NoHuddle, calendar, markdown};

use crate::args::{self, Output};
use crate::show;

pub async fn huddle(context: &Context, asked: args::Huddle) -> anyhow::Result<()> {
    let (order, output) = match asked {
        args::Huddle::Open(output) => {
            return show::report(&huddle::open(context).await?, output.json);
        }
        args::Huddle::Close(output) => {
            return show::report(&huddle::close(context).await?, output.json);
        }
        args::Huddle::Show { number, output } => return shown(context, number, output).await,
        args::Huddle::Minutes { number } => {
            return match huddle::minutes(context, number).await? {
                Some(minutes) => show::print(&markdown::minutes(&minutes)),
                None => show::report(&NoHuddle, false),
            };
        }
        args::Huddle::Calendar => {
            return match huddle::minutes(context, None).await? {
                Some(minutes) => show::print(&calendar::calendar(&minutes)),
                None => show::report(&NoHuddle, false),
            };
        }
        args::Huddle::Note { text, output } => (Order { text, what: Wanted::Note }, output),
        args::Huddle::Decide { text, output } => (Order { text, what: Wanted::Decision }, output),
        args::Huddle::Act { text, owner, due, metric, expects, output } => {
            let what = Wanted::Action { owner, due_on: due, metric, expects };
            (Order { text, what }, output)
        }
        args::Huddle::Done { action, text, output } => {
            (Order { text, what: Wanted::Ended { of: action, is_done: true } }, output)
        }
        args::Huddle::Drop { action, text, output } => {
            (Order { text, what: Wanted::Ended { of: action, is_done: false } }, output)
        }
    };
    show::report(&huddle::write_down(context, &order).await?, output.json)
}

async fn shown(context: &Context, number: Option<u64>, output: Output) -> anyhow::Result<()> {
    match huddle::minutes(context, number).await? {
        Some(minutes) => show::report(&minutes, output.json),
        None => show::report(&NoHuddle, output.json),
    }
}
