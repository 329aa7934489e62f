//! Webhooks, as they are typed.

use app::context::Context;
use app::webhook::{self, New};
use web::server::Sender;

use crate::args::Webhook;
use crate::show;

pub async fn webhook(context: &Context, asked: Webhook) -> anyhow::Result<()> {
    let (report, output) = match asked {
        Webhook::List(output) => (webhook::list(context).await?, output),
        Webhook::Add { url, events, allow_loopback } => {
            let new = New { url, events, allows_loopback: allow_loopback };
            let (id, secret) = webhook::add(context, &new).await?;
            println!("{secret}");
            eprintln!("This is the secret of webhook {id}. Keep it now: it is shown this once.");
            return Ok(());
        }
        Webhook::Disable { webhook, output } => {
            (webhook::switch(context, &webhook, false).await?, output)
        }
        Webhook::Enable { webhook, output } => {
            (webhook::switch(context, &webhook, true).await?, output)
        }
        Webhook::Replay { message, webhook, output } => {
            (webhook::replay(context, &message, &webhook).await?, output)
        }
        Webhook::Send(output) => {
            let sender = Sender::new().map_err(anyhow::Error::msg)?;
            sender.send(context).await?;
            (webhook::list(context).await?, output)
        }
    };
    show::report(&report, output.json)
}
