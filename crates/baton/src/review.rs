//! `baton review`: exports in, one page out, and nothing kept.

use std::path::PathBuf;

use anyhow::Context as _;
use app::review::{Question, review};
use domain::money::parse_currency;
use domain::period::FiscalCalendar;

use crate::args::Review;
use crate::commands::session;
use crate::show;

/// Where the page goes when nobody says.
const PAGE: &str = "review.html";

pub async fn run(asked: Review) -> anyhow::Result<()> {
    let question = Question {
        paths: asked.files,
        as_of: asked.as_of,
        currency: asked.currency.as_deref().map(parse_currency).transpose()?,
        calendar: FiscalCalendar::new(asked.fiscal_year_start)?,
        seed: 1,
    };
    let folder = tempfile::tempdir().context("a folder for the time of the review")?;
    let bar = show::spinner();
    let progress = |doing: &str| bar.set_message(doing.to_owned());
    let report = review(&question, folder.path(), session()?, &progress).await;
    bar.finish_and_clear();
    let report = report?;
    let out = asked.out.or_else(|| (!asked.output.json).then(|| PathBuf::from(PAGE)));
    if let Some(path) = &out {
        let page = web::review::page(&report).context("the page")?;
        std::fs::write(path, page).with_context(|| path.display().to_string())?;
    }
    show::report(&report, asked.output.json)?;
    if let (Some(path), false) = (&out, asked.output.json) {
        println!("\nThe page is in {}.", path.display());
    }
    Ok(())
}
