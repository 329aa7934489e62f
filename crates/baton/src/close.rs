//! Closing periods, as it is typed.

use app::close::{self, Order};
use app::context::Context;

use crate::args::PeriodCommand;
use crate::show;

pub async fn period(context: &Context, asked: PeriodCommand) -> anyhow::Result<()> {
    match asked {
        PeriodCommand::Close { period, dry_run, despite, output } => {
            let order = Order { period, despite, dry_run };
            show::report(&close::close(context, &order).await?, output.json)
        }
        PeriodCommand::List(output) => show::report(&close::list(context).await?, output.json),
        PeriodCommand::Show(of) => {
            show::report(&close::show(context, of.period).await?, of.output.json)
        }
        PeriodCommand::Verify(of) => {
            let verified = close::verify(context, of.period).await?;
            show::report(&verified, of.output.json)?;
            match verified.tests.iter().all(|test| test.holds) {
                true => Ok(()),
                false => anyhow::bail!("the proof of {} does not hold", of.period),
            }
        }
        PeriodCommand::Restatements(of) => {
            show::report(&close::restatements(context, of.period).await?, of.output.json)
        }
    }
}
